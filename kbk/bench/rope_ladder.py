"""Every rung of chapter 03 at several numbers of tokens, in bfloat16, beside the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch

from kbk.bench.copying import METHOD, rounds
from kbk.bench.records import Record, take
from kbk.bench.rope import (
    DTYPE,
    HEAD_SIZE,
    POSITIONS,
    PROMPT,
    TOKENS,
    bytes_moved,
    ceilings,
    table,
)
from kbk.bench.sidebyside import CEILING
from kbk.bench.timing import CudaTimer, Fn, Timer
from kbk.ops import FusedSetKVBufferArg, apply_rope_with_cos_sin_cache_inplace, family

Q_HEADS, K_HEADS = 32, 8
STRIDED = ("rope_strided", "rope_vectors", "rope_walk_heads", "rope_shared_table")
WALKED = (1, 4, 40)
"""Heads that a worker of rung 7 walks: of all 40, one token has one worker."""

FILES = ("rope.cu", "rope_call.h", "rope_rungs.cu", "ceilings.cu")

SERVED, STORED, APART = "kbk.ops", "kbk.ops, stores too", "kbk.ops, then two index_copy_"


def ladder(
    tokens: Sequence[int] = TOKENS,
    timer: Timer | None = None,
    count: int = 21,
    device: str = "cuda",
) -> Record:
    """Median us of every rung at 32 + 8 heads, of the op with and without its store, of a ceiling.

    ``rungs`` of a number of tokens has a name for each; those of rung 7 end in the heads that a
    worker walks. The ceiling moves the bytes of q and k, of a row of the table and of a position.
    """
    timer, data = timer or CudaTimer(), {}
    for n in tokens:
        nbytes = bytes_moved(n, Q_HEADS + K_HEADS)
        grids = ceilings(nbytes, device)
        found = rounds(grids, 9, timer)
        grid = min(found, key=lambda name: found[name])
        us = rounds({**functions(n, device), CEILING: grids[grid]}, count, timer)
        data[str(n)] = {
            "bytes": nbytes,
            "grid": grid,
            "rungs": {name: round(each, 3) for name, each in us.items()},
        }
    return take("rope_ladder", data, METHOD, FILES)


def functions(tokens: int, device: str) -> dict[str, Fn]:
    """Name -> call, all on the same heads: a prompt's, or few tokens at random positions."""
    generator = torch.Generator().manual_seed(0)
    random = torch.randperm(POSITIONS, generator=generator)[:tokens]
    at = (torch.arange(tokens) if tokens >= PROMPT else random).to(device)
    x = torch.randn(tokens, Q_HEADS + K_HEADS, HEAD_SIZE, device=device).to(DTYPE)
    q, k = x[:, :Q_HEADS], x[:, Q_HEADS:]
    angles, rungs = table(POSITIONS, device), family("rope_rungs")
    fns: dict[str, Fn] = {"rope_sincos": partial(rungs.rope_sincos, x.clone(), x, at, 1e4)}
    for name in ("rope_by_element", "rope_by_pair"):
        fns[name] = partial(getattr(rungs, name), x, at, angles)
    for name in STRIDED:
        fns[name] = partial(getattr(rungs, name), at, q, k, angles)
    shaped = partial(family("rope").rope_in_flight, at, q, k, HEAD_SIZE, angles)
    for heads in WALKED:
        fns[f"rope_in_flight {heads}"] = partial(shaped, heads, 1, False, 128)
    served = partial(apply_rope_with_cos_sin_cache_inplace, at, q, k, HEAD_SIZE, angles)
    fns[SERVED] = served
    slots = torch.randperm(2 * tokens, generator=generator)[:tokens].to(device)
    k_cache = torch.zeros(2 * tokens, K_HEADS, HEAD_SIZE, dtype=DTYPE, device=device)
    store = FusedSetKVBufferArg(k.clone(), k_cache, k_cache.clone(), None, None, slots)
    fns[STORED] = partial(served, True, store)
    fns[APART] = partial(_apart, served, store, k)
    return fns


def _apart(rotate: Fn, store: FusedSetKVBufferArg, k: torch.Tensor) -> None:
    """What a server without the fused store runs: the op, and two kernels that keep k and v."""
    rotate()
    store.k_buffer.index_copy_(0, store.cache_loc, k)
    store.v_buffer.index_copy_(0, store.cache_loc, store.value)
