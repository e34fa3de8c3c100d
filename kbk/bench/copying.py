"""Measures the copy kernels on a GPU: launch shapes by size, the rungs, the peer, the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, astuple, dataclass
from functools import partial
from itertools import product
from statistics import median
from typing import Any

import torch

from kbk.bench.records import Record, take
from kbk.bench.timing import CudaTimer, Timer, compare, host_us
from kbk.ops import copy, family

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SIZES = (64 * KIB, MIB, 16 * MIB, 256 * MIB, GIB)
TUNED_SIZES = (64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, GIB)
PEER = "torch.Tensor.copy_"
METHOD = (
    "Rounds of all candidates in turn in one process; before each call a buffer of at least "
    "512 MiB is written, which clears the L2 cache; CUDA events around the call; medians. "
    "GB/s counts bytes read plus bytes written."
)


@dataclass(frozen=True)
class Shape:
    """Launch shape of ``copy_in_flight``: ``blocks_per_sm`` 0 stands for one block a tile.

    ``in_flight`` 0 stands for ``copy_vectors``: one word a thread and no loop.
    """

    in_flight: int
    threads: int
    blocks_per_sm: int
    streaming: bool

    def __str__(self) -> str:
        if self.in_flight == 0:
            return f"one 16 B word a thread, {self.threads} threads"
        grid = f"{self.blocks_per_sm} blocks/SM" if self.blocks_per_sm else "a block a tile"
        hint = ", streaming" if self.streaming else ""
        return f"{self.in_flight} x 16 B in flight, {self.threads} threads, {grid}{hint}"


def all_shapes() -> list[Shape]:
    """Every launch shape that the tuner tries."""
    vectors, threads, blocks = (1, 2, 4, 8), (32, 64, 128, 256, 512, 1024), (0, 2, 4, 8, 16, 32)
    return [Shape(0, t, 0, False) for t in threads] + [
        Shape(v, t, b, streaming)
        for v, t, b, streaming in product(vectors, threads, blocks, (False, True))
        if t * b <= 2048  # more threads than an SM holds change nothing
    ]


def size_name(size: int) -> str:
    """64 KiB, 1 MiB, 1 GiB."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def buffers(size: int, device: str = "cuda") -> tuple[torch.Tensor, torch.Tensor]:
    """``out`` and ``x``: float32, ``size`` bytes each, x of random bits, out of others."""
    words = torch.randint(-(2**31), 2**31, (size // 4,), dtype=torch.int32, device=device)
    return (~words).view(torch.float32), words.view(torch.float32)


def rounds(fns: dict[Any, Callable[[], object]], count: int, timer: Timer) -> dict[Any, float]:
    """Median us of each function over ``count`` rounds of all of them in turn."""
    times: dict[Any, list[float]] = {key: [] for key in fns}
    for fn in fns.values():
        fn()
    for _ in range(count):
        for key, fn in fns.items():
            times[key].append(timer.time(fn))
    return {key: median(t) for key, t in times.items()}


def _shaped(shape: Shape, out: torch.Tensor, x: torch.Tensor) -> Callable[[], object]:
    if shape.in_flight == 0:
        return partial(family("copy").copy_vectors, out, x, shape.threads)
    op = family("copy").copy_in_flight
    return partial(op, out, x, *astuple(shape))


def tune(
    sizes: Iterable[int] = TUNED_SIZES, timer: Timer | None = None, device: str = "cuda"
) -> Record:
    """Tries every launch shape at each size, then the best ten again beside ``copy_``."""
    timer = timer or CudaTimer()
    data: dict[str, Any] = {}
    for size in sizes:
        out, x = buffers(size, device)
        count = 5 if size >= 256 * MIB else 9
        first = rounds({s: _shaped(s, out, x) for s in all_shapes()}, count, timer)
        best = sorted(first, key=lambda s: first[s])[:10]
        final_fns: dict[Any, Callable[[], object]] = {s: _shaped(s, out, x) for s in best}
        final_fns[PEER] = partial(out.copy_, x)
        final_fns["copy"] = partial(copy, out, x)
        final = rounds(final_fns, 31, timer)
        order = sorted(best, key=lambda s: final[s])
        data[str(size)] = {
            "peer_us": round(final[PEER], 3),
            "copy_us": round(final["copy"], 3),
            "best": [{**asdict(s), "us": round(final[s], 3)} for s in order],
            "all": [[*asdict(s).values(), round(us, 3)] for s, us in first.items()],
        }
    return take("copy_tuning", data, METHOD, ["copy.cu"])


def compare_with_torch(
    sizes: Iterable[int] = SIZES,
    tuned: dict[int, Shape] | None = None,
    pairs: int = 40,
    timer: Timer | None = None,
    device: str = "cuda",
) -> Record:
    """``kbk.ops.copy`` against ``torch.Tensor.copy_``; the tuner's shapes beside it, if given."""
    timer = timer or CudaTimer()
    data: dict[str, Any] = {}
    for size in sizes:
        out, x = buffers(size, device)
        fns: dict[str, Callable[[], object]] = {
            PEER: partial(out.copy_, x),
            "kbk.ops.copy": partial(copy, out, x),
        }
        notes: dict[str, Any] = {}
        if tuned and size in tuned:
            fns["tuned"] = _shaped(tuned[size], out, x)
            notes["tuned"] = asdict(tuned[size])
        found = compare(fns, pairs, peer=PEER, timer=timer, bytes_moved=2 * size, notes=notes)
        out.zero_()
        copy(out, x)
        if not torch.equal(out.view(torch.int32), x.view(torch.int32)):
            raise AssertionError(f"kbk.ops.copy is wrong at {size_name(size)}")
        data[str(size)] = found.to_dict()
    return take("copy_compare", data, METHOD, ["copy.cu"])


def ladder(
    sizes: Iterable[int] = TUNED_SIZES,
    timer: Timer | None = None,
    count: int = 15,
    device: str = "cuda",
) -> Record:
    """Median us of each rung at each size, and of each number of bytes in flight at the last."""
    timer = timer or CudaTimer()
    ops = family("copy")
    names = ["one_per_thread", "own_chunk", "grid_stride", "any_element", "vectors"]
    rungs: dict[str, dict[str, float]] = {}
    for size in sizes:
        out, x = buffers(size, device)
        fns: dict[Any, Callable[[], object]] = {
            f"copy_{n}": partial(getattr(ops, f"copy_{n}"), out, x) for n in names
        }
        fns["copy"] = partial(copy, out, x)
        fns[PEER] = partial(out.copy_, x)
        rungs[str(size)] = {k: round(us, 3) for k, us in rounds(fns, count, timer).items()}
    shapes = [
        Shape(vectors, 128, blocks, False)
        for vectors, blocks in product((1, 2, 4, 8), (1, 2, 4, 8, 16))
    ]
    found = rounds({s: _shaped(s, out, x) for s in shapes}, count, timer)
    flights = [
        {
            "in_flight": s.in_flight,
            "threads_per_sm": s.threads * s.blocks_per_sm,
            "bytes_per_sm": s.in_flight * 16 * s.threads * s.blocks_per_sm,
            "us": round(us, 3),
            "GBps": round(2 * size / us / 1e3, 1),
        }
        for s, us in found.items()
    ]
    data = {"rungs": rungs, "in_flight": {"bytes": size, "points": flights}}
    return take("copy_ladder", data, METHOD, ["copy.cu"])


def host_overhead(device: str, empty: bool = True) -> dict[str, float]:
    """Host us of one call: ``kbk.ops.copy``, the op behind it, and ``copy_``, on tiny tensors."""
    x = torch.empty(0 if empty else 16, device=device)
    out = torch.empty_like(x)
    op = family("copy").copy.overload
    settle = torch.cuda.synchronize if device == "cuda" else None
    fns = {
        "kbk.ops.copy": lambda: copy(out, x),
        "torch.ops": lambda: op(out, x),
        PEER: lambda: out.copy_(x),
    }
    return {k: round(us, 3) for k, us in host_us(fns, settle=settle).items()}


def host(devices: Iterable[str]) -> Record:
    """Host time of one call on each device, of a launch of nothing and of 16 elements."""
    data = {
        f"{d}, numel {0 if e else 16}": host_overhead(d, e) for d in devices for e in (True, False)
    }
    method = "Median over 21 rounds of the mean of 200 calls, functions in turn; time.perf_counter."
    return take("copy_host", data, method, ["copy.cu"])
