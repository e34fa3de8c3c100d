"""Modules whose kernels tell of each access. Internal: tools and graders load them.

The source is compiled so that the compiler calls the simulator before each access of a kernel
("traced"). Such a module computes what a plain one does, slower; who wants to hear of it says so
first: `kbk.profiler.counted`, the checkers of `kbk.sanitizer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbk.build.module import Module


def load(
    name: str,
    source: str,
    functions: Sequence[str],
    *,
    extra_cflags: Sequence[str] | None = None,
    extra_include_paths: Sequence[str] | None = None,
) -> Module:
    """Compile CUDA C++ so that its kernels tell of each access. Its ops take CPU tensors.

    Args:
        name, source, functions: as for `kbk.load_inline` (name, cuda_sources, functions).
        extra_cflags, extra_include_paths: as there.

    Raises:
        The errors of `kbk.load_inline`.
    """
    from kbk.build.module import Module
    from kbk.build.request import make_request

    request = make_request(
        name, "", source, functions, extra_cflags, None, extra_include_paths, False
    )
    module = Module(request, variant="traced")
    module.build("cpu")
    return module
