"""The engine of Kernel by Kernel: compile CUDA C++ once, run it on a GPU or on a simulator of one.

Importing ``kbk`` imports neither torch nor a compiler, so that ``kbk doctor`` can speak when one of
them is missing. The names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kbk.errors import (
    ArgumentError,
    BuildError,
    CompileError,
    DiskFullError,
    KbkError,
    LaunchError,
    MissingCompilerError,
    SanitizerError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from kbk.build.load import load as load
    from kbk.build.load_inline import load_inline as load_inline
    from kbk.grade.notebook import check as check
    from kbk.grade.notebook import exercises as exercises
    from kbk.grade.notebook import hint as hint
    from kbk.grade.notebook import reset as reset
    from kbk.grade.notebook import solution as solution
    from kbk.profiler import profile as profile
    from kbk.sanitizer import sanitize as sanitize
    from kbk.sanitizer.explain import explain as explain

__version__ = "0.1.0.dev0"

__all__ = [
    "ArgumentError",
    "BuildError",
    "CompileError",
    "DiskFullError",
    "KbkError",
    "LaunchError",
    "MissingCompilerError",
    "SanitizerError",
    "UnsupportedError",
    "check",
    "exercises",
    "explain",
    "hint",
    "load",
    "load_inline",
    "profile",
    "reset",
    "sanitize",
    "solution",
]

_LAZY = {
    "load": "kbk.build",
    "load_inline": "kbk.build",
    "profile": "kbk.profiler",
    "sanitize": "kbk.sanitizer",
    "explain": "kbk.sanitizer.explain",
    **dict.fromkeys(("check", "exercises", "hint", "reset", "solution"), "kbk.grade.notebook"),
}
_MODULES = {"bench", "build", "draw", "grade", "ops", "paths", "profiler", "sanitizer", "sim"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f"kbk.{name}")
    raise AttributeError(f"module 'kbk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
