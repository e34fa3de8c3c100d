"""Finds SGLang's kernel sources and FlashInfer's headers in what the user has on disk."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kbk.errors import ArgumentError

LAYOUTS = ("sgl-kernel", "python/sglang/kernels/aot")
"""Where the sources lie in a checkout of SGLang: until 2026-07-28, and since."""

CHANGED = " with changes"
"""Behind the commit of a checkout whose files are not those of the commit."""

UNKNOWN = "unknown"
FLASHINFER_URL = "https://github.com/flashinfer-ai/flashinfer"

_PINNED = re.compile(r"flashinfer-ai/flashinfer[^)]*?\b([0-9a-f]{40})\b", re.DOTALL)
_FLASHINFER_MARK = Path("include/flashinfer/vec_dtypes.cuh")


@dataclass(frozen=True)
class FlashInfer:
    """A folder with FlashInfer's headers.

    Attributes:
        root: of the checkout.
        commit: of git, or "unknown".
    """

    root: Path
    commit: str

    @property
    def folders(self) -> tuple[Path, ...]:
        """What a compiler must look into."""
        return self.root / "include", self.root / "csrc"


@dataclass(frozen=True)
class Checkout:
    """What is there of SGLang and FlashInfer.

    Attributes:
        root: the folder that has csrc/ and include/.
        layout: which of `LAYOUTS` it is, or "" if only that folder was given.
        commit: SGLang's, of git, or "unknown".
        flashinfer: its headers, or None.
        pinned: commit of FlashInfer that SGLang's CMakeLists.txt names, or "unknown".
    """

    root: Path
    layout: str
    commit: str
    flashinfer: FlashInfer | None
    pinned: str

    def file(self, name: str) -> Path:
        """Path of a source, "elementwise/copy.cu", whether it is there or not."""
        return self.root / "csrc" / name

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders of headers, SGLang's first."""
        return (self.root / "include", *(self.flashinfer.folders if self.flashinfer else ()))

    @property
    def advice(self) -> str:
        """How to get FlashInfer's headers."""
        where = "" if self.pinned == UNKNOWN else f" && git -C flashinfer checkout {self.pinned}"
        return (
            f"git clone {FLASHINFER_URL}{where}, then --flashinfer flashinfer "
            "(or set FLASHINFER, or put it beside the checkout)"
        )


def find(path: Path, flashinfer: Path | None = None) -> Checkout:
    """Look at a checkout.

    Args:
        path: root of a checkout of SGLang, its folder sgl-kernel/ or its successor.
        flashinfer: root of a checkout of FlashInfer. By default that of the environment variable
            FLASHINFER, else ../flashinfer, else one below the checkout's folders 3rdparty/.

    Raises:
        ArgumentError: there are no kernel sources in `path`, or no headers in `flashinfer`.
    """
    path = path.expanduser().resolve()
    root, layout = _root(path)
    return Checkout(
        root,
        layout,
        commit_of(root),
        _flashinfer(path, root, flashinfer, os.environ),
        pinned_flashinfer(root / "CMakeLists.txt"),
    )


def _root(path: Path) -> tuple[Path, str]:
    for layout in LAYOUTS:
        if (path / layout / "csrc").is_dir():
            return path / layout, layout
    if (path / "csrc").is_dir():
        text = path.as_posix()
        return path, next((each for each in LAYOUTS if text.endswith(each)), "")
    places = " or ".join(f"{layout}/csrc" for layout in LAYOUTS)
    raise ArgumentError(
        f"PATH must be a checkout of SGLang, with {places} in it; {path} has neither."
        if path.is_dir()
        else f"PATH must be a checkout of SGLang; there is no folder {path}."
    )


def _flashinfer(
    path: Path, root: Path, given: Path | None, environment: Mapping[str, str]
) -> FlashInfer | None:
    named = given or (Path(value) if (value := environment.get("FLASHINFER")) else None)
    if named is not None:
        named = named.expanduser().resolve()
        if not (named / _FLASHINFER_MARK).is_file():
            asked = "--flashinfer" if given else "FLASHINFER"
            raise ArgumentError(
                f"{asked} must be a checkout of FlashInfer, with {_FLASHINFER_MARK} in it; "
                f"it was {named}."
            )
        return FlashInfer(named, commit_of(named))
    beside = {path.parent: None, path.parent.parent: None, root.parent.parent: None}
    places = [folder / "flashinfer" for folder in beside]
    for folder in (path, root, root.parent):
        places += [folder / "3rdparty/flashinfer", folder / "build/_deps/repo-flashinfer-src"]
    for place in places:
        if (place / _FLASHINFER_MARK).is_file():
            return FlashInfer(place, commit_of(place))
    return None


def commit_of(folder: Path) -> str:
    """HEAD of the checkout that a folder is in, marked if it has changes; "unknown" without git."""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return UNKNOWN
    if done.returncode != 0:
        return UNKNOWN
    changes = ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no", "."]
    changed = subprocess.run(changes, capture_output=True, text=True).stdout.strip()
    return done.stdout.strip() + (CHANGED if changed else "")


def pinned_flashinfer(cmake: Path) -> str:
    """Commit of FlashInfer that a CMakeLists.txt fetches, or "unknown"."""
    try:
        found = _PINNED.search(cmake.read_text(errors="replace"))
    except OSError:
        return UNKNOWN
    return found[1] if found else UNKNOWN


def digest(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def lines(file: Path) -> int:
    """How many lines it has."""
    return len(file.read_bytes().splitlines())
