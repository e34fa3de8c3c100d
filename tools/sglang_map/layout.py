"""Folders of SGLang's repository that hold kernels, and which files in them count as CUDA."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

AOT = ("sgl-kernel/csrc", "python/sglang/kernels/aot/csrc")
"""Compiled ahead of time, into a wheel: the folder then and now."""

AOT_HOME = ("sgl-kernel", "python/sglang/kernels/aot")
JIT = ("python/sglang/jit_kernel", "python/sglang/kernels/jit", "python/sglang/kernels/ops")
"""Compiled when they are first called."""

FOLDERS = (*AOT, *JIT)
OTHERS = ("cpu", "metal", "musa", "rocm")
"""Platforms whose sources the map leaves out."""

_CUDA = {".cu", ".cuh"}
_HEADERS = {".h", ".hpp", ".inl"}
_SUFFIX = {".hip": "rocm", ".mu": "musa", ".muh": "musa", ".metal": "metal"}
_DEVICE = re.compile(r"\b__(?:global|device)__\b|\bCUTLASS_|\bCUTE_|\bcuda[A-Z]\w+\(")


def home(path: str) -> str:
    """The folder of ``FOLDERS`` that a path lies in, or ""."""
    return next((folder for folder in FOLDERS if path.startswith(folder + "/")), "")


def kind(path: str) -> str:
    """ "aot" or "jit"."""
    return "aot" if home(path) in AOT else "jit"


def directory(path: str) -> str:
    """The first folder below the home of a path; for an operator's module both of its names."""
    inside = PurePosixPath(path).relative_to(home(path)).parts[:-1]
    inside = inside[1:] if inside[:1] in (("csrc",), ("include",)) else inside
    return inside[0] if inside else "."


def other_platform(path: str) -> str:
    """The platform that a file is for by its name or folder alone, or "" for CUDA."""
    inside = PurePosixPath(path).relative_to(home(path)).parts
    if inside[0] in OTHERS:
        return inside[0]
    if "_hip" in PurePosixPath(path).stem:
        return "rocm"
    return _SUFFIX.get(PurePosixPath(path).suffix, "")


def is_source(path: str, text: str) -> bool:
    """Whether a file counts: a CUDA source, or a header with device code in it."""
    suffix = PurePosixPath(path).suffix
    return suffix in _CUDA or (suffix in _HEADERS and bool(_DEVICE.search(text)))


def candidates(paths: Iterable[str]) -> list[str]:
    """The paths whose text has to be read: sources, headers and what else a platform has."""
    suffixes = {*_CUDA, *_HEADERS, *_SUFFIX, ".cpp", ".cc"}
    return sorted(p for p in paths if home(p) and PurePosixPath(p).suffix in suffixes)
