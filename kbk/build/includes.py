"""Follow #include lines into the learner's own folders: an edited header means a new build."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from .tokens import Directive, scan

_HEADER_SUFFIXES = frozenset(
    (".h", ".hh", ".hpp", ".hxx", ".cuh", ".cu", ".inl", ".inc", ".ipp", "")
)


def included_files(source: str, folders: Sequence[Path], folder: Path | None = None) -> list[Path]:
    """Files in `folders` that `source` includes, directly or through one another.

    `folder` is the source's own, searched first for an #include "in quotes".

    Every branch of an #if counts. An #include of a macro could be any file, so then all headers of
    `folders` count.
    """
    found: dict[Path, None] = {}
    pending: list[tuple[str, Path | None]] = [(source, folder)]
    while pending:
        text, near = pending.pop()
        for item in scan(text):
            if not isinstance(item, Directive) or item.name not in ("include", "include_next"):
                continue
            for path in _targets(item.rest, near, folders):
                if path not in found:
                    found[path] = None
                    pending.append((path.read_text(errors="replace"), path.parent))
    return list(found)


def _targets(rest: str, folder: Path | None, folders: Sequence[Path]) -> list[Path]:
    if rest[:1] not in ('"', "<"):
        return [path for each in folders for path in sorted(each.rglob("*")) if _is_header(path)]
    name = rest[1:].rstrip('">').strip() if rest.endswith(('"', ">")) else ""
    near = [folder] if folder is not None and rest[0] == '"' else []
    for each in [*near, *folders]:
        if name and (each / name).is_file():
            return [(each / name).resolve()]
    return []


def _is_header(path: Path) -> bool:
    return path.suffix in _HEADER_SUFFIXES and path.is_file()


def digest_of(paths: Sequence[Path]) -> str:
    """A digest of the files' names and contents."""
    state = hashlib.sha256()
    for path in paths:
        status = path.stat()
        state.update(f"{path.name}\0".encode())
        state.update(_content_digest(path, status.st_mtime_ns, status.st_size))
    return state.hexdigest()


@lru_cache(maxsize=4096)
def _content_digest(path: Path, mtime_ns: int, size: int) -> bytes:
    """Of one file; read again only when it was written."""
    return hashlib.sha256(path.read_bytes()).digest()
