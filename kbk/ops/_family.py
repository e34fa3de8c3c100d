"""Compiles one file of ``kernels/`` on its first use and keeps it."""

from __future__ import annotations

from functools import cache
from typing import Any

from kbk.paths import KERNELS

FUNCTIONS: dict[str, list[str]] = {
    "copy": [
        "copy_one_per_thread",
        "copy_own_chunk",
        "copy_grid_stride",
        "copy_any_element",
        "copy_vectors",
        "copy_in_flight",
        "copy",
        "copy_to_gpu_no_ce",
    ],
    "ceilings": ["read_only", "two_to_one", "one_to_one", "write_only"],
}
"""Host functions of each file in ``kernels/``."""


@cache
def family(name: str) -> Any:
    """The ops of ``kernels/<name>.cu``, rungs included, as attributes of one object.

    Args:
        name: the file without its suffix, as ``"copy"``.

    Raises:
        KeyError: there is no such family.
        kbk.BuildError: the file does not compile here.
    """
    from kbk.build import load_inline

    source = (KERNELS / f"{name}.cu").read_text()
    return load_inline(f"kbk_{name}", cuda_sources=source, functions=FUNCTIONS[name])
