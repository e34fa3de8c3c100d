"""What one call of load_inline asks for, checked, and the digests that name it."""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, UnsupportedError
from .exports import host_functions, match_exports
from .extension.detect import is_extension, line_of_extension, needs_whole_torch, registers
from .flags import Flags, parse_flags
from .functions import Function
from .includes import digest_of, included_files

_PACKAGE = Path(__file__).resolve().parent.parent
INCLUDE_DIR = _PACKAGE / "include"
"""Folder of the prelude."""

_OWN_KIND = "write Tensor and KBK_CHECK, which are there without an #include"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Request:
    """A checked call of `load_inline`.

    Attributes:
        name: the extension's name, a C identifier.
        files: (file name, text) of cpp_sources and cuda_sources, without empty ones.
        functions: exported host functions, with docstrings.
        flags: the learner's flags, sorted.
        verbose: whether the compiler's output is shown.
        folders: of files that were read from a disk: by file name, where they stand.
        is_extension: a standard PyTorch extension source, not one of the course's own kind.
    """

    name: str
    files: tuple[tuple[str, str], ...]
    functions: Mapping[str, str]
    flags: Flags
    verbose: bool
    folders: Mapping[str, Path] = field(default_factory=dict)
    is_extension: bool = False

    @cached_property
    def headers(self) -> list[Path]:
        """The learner's own headers that the source includes."""
        folders = [folder for folder in self.flags.includes if folder.is_dir()]
        seen: dict[Path, None] = {}
        for name, text in self.files:
            seen.update(dict.fromkeys(included_files(text, folders, self.folders.get(name))))
        return list(seen)

    @cached_property
    def texts(self) -> list[str]:
        """Of the files and the learner's headers."""
        headers = [path.read_text(errors="replace") for path in self.headers]
        return [*headers, *(text for _, text in self.files)]

    @cached_property
    def whole_torch(self) -> bool:
        """Whether an extension uses more of torch than its precompiled headers hold."""
        return self.is_extension and needs_whole_torch(self.texts)

    @cached_property
    def registers(self) -> bool:
        """Whether an extension binds its functions itself."""
        return self.is_extension and registers(self.texts)

    @cached_property
    def exports(self) -> list[tuple[str, Function]]:
        """Each exported function, with the file that holds it."""
        headers = [(str(path), path.read_text(errors="replace")) for path in self.headers]
        return match_exports(list(self.functions), [*headers, *self.files])

    @cached_property
    def digest(self) -> str:
        """Of everything that changes what the ops compute, but for compilers and machines."""
        return digest(
            self.name,
            repr(self.files),
            digest_of(self.headers),
            repr(list(self.functions)),
            self.flags.key(),
            repr(sorted(self.folders.items())),
            engine_digest(),
        )


def digest(*parts: str) -> str:
    """32 hexadecimal digits for a sequence of texts."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode()
        state.update(f"{len(data)}:".encode())
        state.update(data)
    return state.hexdigest()[:32]


def files_under(*folders: Path) -> list[Path]:
    """The files below `folders` that a build depends on."""
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    ]


def engine_digest() -> str:
    """Of the engine's own sources: a new engine never loads what an old one built."""
    sim = _PACKAGE / "sim"
    return digest_of(files_under(INCLUDE_DIR, _PACKAGE / "build", sim))[:32]


def make_request(
    name: Any,
    cpp_sources: Any,
    cuda_sources: Any,
    functions: Any,
    extra_cflags: Any,
    extra_cuda_cflags: Any,
    extra_include_paths: Any,
    verbose: Any,
    *,
    extensions: bool = False,
) -> Request:
    """Check the arguments of `load_inline`.

    Args:
        extensions: whether a standard extension source may be given.

    Raises:
        ArgumentError: one of them is not what it must be.
    """
    check_name(name)
    cpp = _joined("cpp_sources", cpp_sources)
    cuda = _joined("cuda_sources", cuda_sources)
    files = [
        (f"{name}.{suffix}", text) for suffix, text in (("cpp", cpp), ("cu", cuda)) if text.strip()
    ]
    if not files:
        raise ArgumentError("cuda_sources must hold the source; it and cpp_sources were empty.")
    return request_for(
        name,
        files,
        functions,
        extra_cflags,
        extra_cuda_cflags,
        extra_include_paths,
        verbose,
        extensions=extensions,
    )


def request_for(
    name: str,
    files: Sequence[tuple[str, str]],
    functions: Any,
    extra_cflags: Any,
    extra_cuda_cflags: Any,
    extra_include_paths: Any,
    verbose: Any,
    *,
    folders: Mapping[str, Path] | None = None,
    extensions: bool = True,
) -> Request:
    """Check what `load_inline` and `load` have in common.

    Args:
        files: (name, text) of each, not empty.
        folders: by file name, where it stands on a disk.

    Raises:
        ArgumentError: an argument is not what it must be.
    """
    flags = parse_flags(
        _strings("extra_cflags", extra_cflags),
        _strings("extra_cuda_cflags", extra_cuda_cflags),
        [Path(path).expanduser() for path in _paths(extra_include_paths)],
    )
    request = Request(name, tuple(files), {}, flags, bool(verbose), folders or {})
    if is_extension(request.texts):
        if not extensions:
            file, line = _place_of_torch(files)
            raise UnsupportedError(file, line, "torch's C++ API here", _OWN_KIND)
        request = replace(request, is_extension=True)
    texts = [text for _, text in files]
    request = replace(request, functions=_functions(functions, texts, request.registers))
    _ = request.exports  # so that a wrong name is found before anything is compiled
    return request


def _place_of_torch(files: Sequence[tuple[str, str]]) -> tuple[str, int]:
    """The file and line that make a source an extension; the first if a header does."""
    for name, text in files:
        line = line_of_extension(text)
        if line is not None:
            return name, line
    return files[0][0], 1


def check_name(name: Any) -> None:
    """Refuse a name that is no C identifier."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ArgumentError(
            f"name must be letters, digits and '_', not beginning with a digit; it was {name!r}."
        )


def _joined(argument: str, value: Any) -> str:
    """Like torch's load_inline: one text, or a list of texts for one file."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return "\n".join(_strings(argument, value))


def _strings(argument: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise ArgumentError(
            f"{argument} must be a string or a list of strings; it was {_short(value)}."
        )
    return list(value)


def _paths(value: Any) -> list[str | Path]:
    if value is None:
        return []
    if isinstance(value, (str, Path)):
        return [value]
    if not isinstance(value, (list, tuple)) or not all(
        isinstance(each, (str, Path)) for each in value
    ):
        raise ArgumentError(
            f"extra_include_paths must be a list of folders; it was {_short(value)}."
        )
    return list(value)


def _functions(value: Any, sources: Sequence[str], registers: bool) -> dict[str, str]:
    """Names to docstrings; torch takes a name, a list or a dict, and so do we.

    `registers`: the source binds functions itself, so there need be none.
    """
    if isinstance(value, str):
        value = [value]
    if isinstance(value, Mapping):
        named = dict(value)
    elif isinstance(value, (list, tuple)):
        named = dict.fromkeys(value, "")
    elif value is None:
        named = {}
    else:
        raise ArgumentError(f"functions must be a list of names; it was {_short(value)}.")
    for each, doc in named.items():
        if not isinstance(each, str) or not _NAME.fullmatch(each) or not isinstance(doc, str):
            raise ArgumentError(
                f"functions must hold names of host functions; {_short(each)} is none."
            )
    if not named and not registers:
        found = host_functions(sources)
        hint = (
            f"the source has functions={found!r}"
            if found
            else "the source has no host function yet"
        )
        raise ArgumentError(f"functions must name the host functions that Python calls; {hint}.")
    return named


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
