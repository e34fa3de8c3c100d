"""Call torch's load_inline without its traps.

It builds in a fresh folder, so its `lock` file never outlives a build. While one of our threads is
in it, three of its helpers behave differently for that thread alone: it does not delete torch's own
precompiled header, uses the compiler that was found, and leaves loading to us (the library is still
to move into the cache).
"""

from __future__ import annotations

import contextlib
import shlex
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import BuildError
from .toolchain import ensure_ninja

_lock = threading.Lock()
_users = 0
_originals: dict[str, Any] = {}
_here = threading.local()


class NinjaFailure(Exception):
    """The compiler or linker failed; `log` is what ninja printed."""

    def __init__(self, log: str) -> None:
        super().__init__("the build failed")
        self.log = log


def build_library(
    folder: Path,
    *,
    text: str,
    cuda: bool,
    compiler: str,
    cflags: Sequence[str],
    cuda_cflags: Sequence[str] = (),
    ldflags: Sequence[str] = (),
    verbose: bool = False,
) -> Path:
    """Compile `text` into a shared library in `folder`, an empty folder, and return its path.

    Flags are plain words; quoting for ninja and the shell happens here.

    Raises:
        NinjaFailure: the compiler or the linker failed.
    """
    from torch.utils import cpp_extension

    ensure_ninja()
    # torch remembers names: one that it has seen gets "_v1" appended.
    name = f"kbk_{uuid.uuid4().hex[:12]}"
    with _without_traps(cpp_extension, compiler):
        try:
            cpp_extension.load_inline(
                name=name,
                cpp_sources="" if cuda else text,
                cuda_sources=text if cuda else None,
                extra_cflags=[_quoted(flag) for flag in cflags],
                extra_cuda_cflags=[_quoted(flag) for flag in cuda_cflags],
                extra_ldflags=[_quoted(flag) for flag in ldflags],
                build_directory=str(folder),
                verbose=verbose,
                with_cuda=cuda,
                is_python_module=False,
                no_implicit_headers=True,
            )
        except RuntimeError as error:
            if not str(error).startswith("Error building extension"):
                raise BuildError(f"torch could not build the source: {error}") from error
            raise NinjaFailure(str(error).partition(": ")[2]) from None
    return folder / f"{name}.so"


def _quoted(flag: str) -> str:
    return shlex.quote(flag).replace("$", "$$")


@contextlib.contextmanager
def _without_traps(cpp_extension: Any, compiler: str) -> Iterator[None]:
    """Put our variants of torch's helpers in place; the last thread to leave puts torch's back."""
    global _users
    replacements: dict[str, Callable[..., Any]] = {
        "remove_extension_h_precompiler_headers": lambda: None,
        "get_cxx_compiler": lambda: _here.compiler,
        "_import_module_from_library": lambda *_: None,
    }
    with _lock:
        if _users == 0:
            for name, ours in replacements.items():
                _originals[name] = getattr(cpp_extension, name)
                setattr(cpp_extension, name, _for_our_threads(ours, _originals[name]))
        _users += 1
    outer = getattr(_here, "compiler", None)
    _here.compiler = compiler
    try:
        yield
    finally:
        _here.compiler = outer
        with _lock:
            _users -= 1
            if _users == 0:
                for name, original in _originals.items():
                    setattr(cpp_extension, name, original)


def _for_our_threads(ours: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    def choose(*args: Any, **kwargs: Any) -> Any:
        return (ours if getattr(_here, "compiler", None) else original)(*args, **kwargs)

    return choose
