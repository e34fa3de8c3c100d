"""Measures the ceilings of a GPU's memory for four mixes of reads and writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import torch

from kbk.bench.copying import GIB, METHOD, rounds
from kbk.bench.records import Record, take
from kbk.bench.timing import CudaTimer, Timer
from kbk.ops import family

MIXES = {"read_only": 1, "two_to_one": 3, "one_to_one": 2, "write_only": 1}
"""Op of kernels/ceilings.cu -> tensors of full size that it reads or writes."""


def measure(
    size: int = GIB, timer: Timer | None = None, count: int = 9, device: str = "cuda"
) -> Record:
    """GB/s of each mix with tensors of ``size`` bytes: the best of several grids, re-measured."""
    timer = timer or CudaTimer()
    x = torch.randint(-(2**31), 2**31, (size // 4,), dtype=torch.int32, device=device)
    y, out = x.flip(0), torch.empty_like(x)
    # read_only writes a word a thread: only grids of a few blocks an SM keep that small.
    small = torch.empty(2048 * 256, dtype=torch.int32, device=device)
    ops = family("ceilings")
    arguments = {
        "read_only": (small, x),
        "two_to_one": (out, x, y),
        "one_to_one": (out, x),
        "write_only": (out, 0x5EED5EED),
    }
    data: dict[str, Any] = {}
    for mix, tensors in MIXES.items():
        grids = [
            (in_flight, threads, blocks)
            for in_flight, threads, blocks in product(
                (1, 4, 8), (128, 256, 512, 1024), (0, 1, 2, 4, 8, 16)
            )
            if threads * blocks <= 2048 and (blocks or mix != "read_only")
        ]
        fns: dict[Any, Callable[[], object]] = {
            grid: partial(getattr(ops, mix), *arguments[mix], *grid) for grid in grids
        }
        first = rounds(fns, count, timer)
        best = sorted(first, key=lambda g: first[g])[:3]
        final = rounds({g: fns[g] for g in best}, 31, timer)
        grid = min(final, key=lambda g: final[g])
        us = final[grid]
        data[mix] = {
            "GBps": round(tensors * size / us / 1e3, 1),
            "us": round(us, 3),
            "bytes": tensors * size,
            **dict(zip(("in_flight", "threads", "blocks_per_sm"), grid, strict=True)),
            "grids": [[*g, round(t, 3)] for g, t in first.items()],
        }
    return take("ceilings", data, METHOD, ["ceilings.cu"])
