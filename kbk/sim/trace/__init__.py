"""Every access that a kernel makes, and counters made from them. Internal: graders use it.

    module = trace.load("scale", source, ["scale"])
    with trace.record() as log:
        module.scale(out, x, 2.0)
    log.counters({"out": out, "x": x})["sectors_ld:x"]

The source is compiled a second time, so that the compiler calls the simulator before each access of
a kernel ("traced"). Such a module computes what a plain one does, slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kbk.sim.trace.log import AccessLog, TracedLaunch, record

if TYPE_CHECKING:
    from kbk.build.module import Module

__all__ = ["AccessLog", "TracedLaunch", "load", "record"]


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
