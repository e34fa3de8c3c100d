"""Files in, a module of ops out: `kbk.load`, as torch.utils.cpp_extension.load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from .load_inline import built
from .module import Module
from .request import check_name, request_for

_SUFFIXES = (".cpp", ".cc", ".cxx", ".c++", ".cu", ".cuh")


def load(
    name: str,
    sources: str | Path | Sequence[str | Path],
    functions: str | Sequence[str] | Mapping[str, str] | None = None,
    extra_cflags: Sequence[str] | None = None,
    extra_cuda_cflags: Sequence[str] | None = None,
    extra_include_paths: Sequence[str | Path] | None = None,
    verbose: bool = False,
) -> Module:
    """Compile CUDA C++ files and return their host functions as ops for CPU and CUDA tensors.

    The files may be of this project's own kind (see `kbk.load_inline`) or standard PyTorch
    extensions, as they are: `at::Tensor`, ATen's dispatch macros, `TORCH_CHECK(x.is_cuda())`,
    streams and guards of `c10::cuda`, TORCH_LIBRARY or PYBIND11_MODULE. On the CPU the simulator
    runs them, and "is it on the device?" is true for CPU tensors.

    Args:
        name: of the module, in messages; letters, digits and "_".
        sources: a file or a list of them (.cpp, .cu); together they are one translation unit, C++
            before CUDA.
        functions: host functions to export; none for a source that registers its own with
            TORCH_LIBRARY or PYBIND11_MODULE.
        extra_cflags, extra_cuda_cflags: as in `kbk.load_inline`.
        extra_include_paths: folders of the headers that the files include, such as FlashInfer's.
            The files' own folders are searched for an #include "in quotes".
        verbose: show what the compilers print.

    Example:
        >>> mod = kbk.load("activation", "sglang/sgl-kernel/csrc/elementwise/activation.cu",
        ...     functions=["silu_and_mul"],
        ...     extra_include_paths=["sglang/sgl-kernel/include", "flashinfer/include"])
        >>> mod.silu_and_mul(out, x)

    Raises:
        ArgumentError: an argument is not what it must be, a file is not there, or `functions`
            names no host function.
        CompileError, UnsupportedError, MissingCompilerError, DiskFullError: as `kbk.load_inline`.
    """
    check_name(name)
    paths = _paths(sources)
    files = [(str(path), _text(path)) for path in paths]
    request = request_for(
        name,
        files,
        functions,
        extra_cflags,
        extra_cuda_cflags,
        extra_include_paths,
        verbose,
        folders={str(path): path.parent for path in paths},
    )
    return built(request)


def _paths(sources: Any) -> list[Path]:
    """The files, C++ before CUDA, each as an absolute path."""
    given = [sources] if isinstance(sources, (str, Path)) else sources
    if not isinstance(given, (list, tuple)) or not given:
        raise ArgumentError(f"sources must be a file or a list of files; it was {sources!r}.")
    found = []
    for each in given:
        if not isinstance(each, (str, Path)):
            raise ArgumentError(f"sources must hold paths; {each!r} is none.")
        path = Path(each).expanduser().absolute()
        if not path.is_file():
            raise ArgumentError(f"sources: there is no file {str(each)!r}.")
        if path.suffix not in _SUFFIXES:
            raise ArgumentError(
                f"sources must be C++ or CUDA files ({', '.join(_SUFFIXES)}); it was {str(each)!r}."
            )
        found.append(path)
    return sorted(found, key=lambda path: path.suffix in (".cu", ".cuh"))


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8-sig", errors="replace")  # a BOM is no text
    if not text.strip():
        raise ArgumentError(f"sources: {str(path)!r} is empty.")
    return text
