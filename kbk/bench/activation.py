"""``silu_and_mul`` of bfloat16 beside torch eager, torch.compile, FlashInfer and Liger."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import product

import torch

from kbk.bench.copying import METHOD, rounds
from kbk.bench.records import Record, take
from kbk.bench.sidebyside import CEILING, Calls, Case, Suite
from kbk.bench.timing import CudaTimer, Fn, Timer
from kbk.ops import family, silu_and_mul

SHAPES = ((1, 14336), (64, 14336), (1024, 14336), (4096, 14336), (8192, 11008), (16384, 14336))
"""Tokens and d: a layer of Llama 3.1 8B, and one of Llama 2 7B."""

LARGEST = (16384, 14336)
LADDER = ((1, 14336), (64, 14336), (4096, 14336), (16384, 14336))
RUNGS = (
    "silu_then_mul",
    "silu_one_per_thread",
    "silu_block_per_token",
    "silu_vectors",
    "silu_redone_tail",
    "silu_flat",
)
DTYPE = torch.bfloat16


def suite(shapes: tuple[tuple[int, int], ...] = SHAPES, device: str = "cuda") -> Suite:
    """The cases; the buffers of one are made when it is measured."""
    cases = [
        Case(
            f"{tokens} x {d}",
            bytes_moved=3 * tokens * d * DTYPE.itemsize,
            make=partial(calls, tokens, d, device),
            at_ceiling=(tokens, d) == LARGEST,
        )
        for tokens, d in shapes
    ]
    return Suite("activation", ("activation.cu", "ceilings.cu"), "kbk.ops.silu_and_mul", cases)


def calls(tokens: int, d: int, device: str = "cuda") -> Calls:
    """Every function of one shape, on the same input; those that take an output share one."""
    x = torch.randn(tokens, 2 * d, device=device).to(DTYPE)
    out = torch.empty(tokens, d, dtype=DTYPE, device=device)
    made = Calls(ours=partial(silu_and_mul, x, out), check=partial(_wrong, x, out))
    made.add("torch eager", lambda: partial(eager, x))
    made.add("torch.compile", lambda: _compiled(x))
    made.add("FlashInfer", lambda: _flashinfer(x, out))
    made.add("Liger", lambda: _liger(x))
    made.ceilings = ceilings(tokens * d, device)
    return made


def eager(x: torch.Tensor) -> torch.Tensor:
    """The op in plain torch."""
    gate, up = x.chunk(2, -1)
    return torch.nn.functional.silu(gate) * up


def _compiled(x: torch.Tensor) -> Fn:
    torch._dynamo.reset()  # a program for this shape: a dynamic one would be slower
    return partial(torch.compile(eager, fullgraph=True, dynamic=False), x)


def _flashinfer(x: torch.Tensor, out: torch.Tensor) -> Fn:
    op: Callable[..., object] = import_module("flashinfer.activation").silu_and_mul
    return partial(op, x, out)


def _liger(x: torch.Tensor) -> Fn:
    """Liger takes the halves as two tensors, and so reads them without gaps."""
    op = import_module("liger_kernel.ops.swiglu").LigerSiLUMulFunction
    gate, up = (half.contiguous() for half in x.chunk(2, -1))
    return partial(op.apply, gate, up)


def ceilings(elements: int, device: str = "cuda") -> dict[str, Fn]:
    """Kernels that read two tensors of that many bfloat16 and write a third, on several grids."""
    words = elements * DTYPE.itemsize // 16 * 4
    x = torch.randint(-(2**31), 2**31, (words,), dtype=torch.int32, device=device)
    y, out = x.flip(0), torch.empty_like(x)
    op = family("ceilings").two_to_one
    return {
        f"{in_flight} in flight, {threads} threads, {blocks or 'all'} blocks an SM": partial(
            op, out, x, y, in_flight, threads, blocks
        )
        for in_flight, threads, blocks in product((1, 4), (128, 256, 512, 1024), (0, 2, 4, 8))
        if threads * blocks <= 2048
    }


def _wrong(x: torch.Tensor, out: torch.Tensor, fn: Fn) -> str:
    """What is wrong with a function's result on the first and last rows; two roundings are not."""
    out.fill_(torch.nan)
    result = fn()
    got = result if isinstance(result, torch.Tensor) else out
    rows = torch.tensor(sorted({0, x.shape[0] // 2, x.shape[0] - 1}), device=x.device)
    right = eager(x[rows].double())
    off = (got[rows].double() - right).abs() - 2.0**-6 * right.abs()
    if bool((off <= 1e-30).all()):
        return "" if not bool(got.isnan().any()) else "some of its elements are NaN"
    return f"an element is {off.max().item():.3g} further from float64 than two roundings explain"


def ladder(
    shapes: tuple[tuple[int, int], ...] = LADDER,
    timer: Timer | None = None,
    count: int = 21,
    device: str = "cuda",
) -> Record:
    """Median us of every rung at each shape, of 1, 2 and 4 vectors in flight, and of the ceiling.

    ``rungs`` of a shape has a name for each; those in flight end in the number, and in ``fast``
    where the exponential and the division are the fast ones.
    """
    timer = timer or CudaTimer()
    ops, data = family("activation"), {}
    for tokens, d in shapes:
        x = torch.randn(tokens, 2 * d, device=device).to(DTYPE)
        out = torch.empty(tokens, d, dtype=DTYPE, device=device)
        fns: dict[str, Fn] = {name: partial(getattr(ops, name), out, x) for name in RUNGS}
        for in_flight, fast in product((1, 2, 4), (False, True)):
            name = f"silu_in_flight {in_flight}{' fast' if fast else ''}"
            fns[name] = partial(ops.silu_in_flight, out, x, in_flight, 256, fast)
        fns["silu_and_mul"] = partial(silu_and_mul, x, out)
        grids = ceilings(tokens * d, device)
        found = rounds(grids, 9, timer)
        grid = min(found, key=lambda name: found[name])
        fns[CEILING] = grids[grid]
        us = rounds(dict(fns), count, timer)
        data[f"{tokens} x {d}"] = {
            "bytes": 3 * tokens * d * DTYPE.itemsize,
            "grid": grid,
            "rungs": {name: round(each, 3) for name, each in us.items()},
        }
    return take("activation_ladder", data, METHOD, ["activation.cu", "ceilings.cu"])
