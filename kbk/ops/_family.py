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
    "rope": ["rope_in_flight", "apply_rope_with_cos_sin_cache_inplace"],
    "rope_rungs": [
        "rope_sincos",
        "rope_by_element",
        "rope_by_pair",
        "rope_strided",
        "rope_vectors",
        "rope_walk_heads",
        "rope_shared_table",
    ],
    "activation": [
        "silu_then_mul",
        "silu_one_per_thread",
        "silu_block_per_token",
        "silu_vectors",
        "silu_redone_tail",
        "silu_flat",
        "silu_in_flight",
        "silu_and_mul",
        "gelu_and_mul",
        "gelu_tanh_and_mul",
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
    folders = [KERNELS] if '#include "' in source else None
    return load_inline(
        f"kbk_{name}",
        cuda_sources=source,
        functions=FUNCTIONS[name],
        extra_include_paths=folders,
    )


_traced: dict[str, dict[str, Any]] = {}


def traced(name: str) -> dict[str, Any]:
    """The torch ops of a family that torch.compile puts into graphs; `prepare` fills it.

    Each family has a dict of its own, because a trace looks at a dict only once.
    """
    return _traced.setdefault(name, {})


def prepare(name: str, machine: str) -> None:
    """Builds ``kernels/<name>.cu`` for a machine and fills the family's dict of torch ops.

    torch.compile runs this while it traces, and does not look inside.

    Args:
        machine: ``"cpu"`` or ``"cuda"``, where the traced tensors are.
    """
    ops = family(name)
    ops.build(machine)
    traced(name).update({op: getattr(ops, op).overload for op in FUNCTIONS[name]})


# As torch.compiler.assume_constant_result does, which would import all of dynamo: a second.
prepare._dynamo_marked_constant = True  # type: ignore[attr-defined]
