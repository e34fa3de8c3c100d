"""RoPE beside its peers: torch eager, torch.compile, FlashInfer and sgl_kernel, in bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import product

import torch

from kbk.bench.sidebyside import Calls, Case, Suite
from kbk.bench.timing import Fn
from kbk.ops import apply_rope_with_cos_sin_cache_inplace, family

HEADS = ((32, 8), (64, 8))
"""Heads of q and of k: Llama 3.1 8B and 70B."""

TOKENS = (1, 128, 4096, 16384)
HEAD_SIZE = 128
DTYPE = torch.bfloat16
POSITIONS = 131_072
"""Rows of the table: the longest context of Llama 3.1. 64 MiB, more than the L2 keeps."""
LARGEST = max(TOKENS)
PROMPT = 4096
"""From so many tokens on they are a prompt, at positions 0, 1, 2 on; fewer are a decode step."""
SHAPES = tuple((tokens, heads, tokens < PROMPT) for tokens, heads in product(TOKENS, HEADS))
SCATTERED = tuple((LARGEST, heads, True) for heads in HEADS)


def suite(
    shapes: tuple[tuple[int, tuple[int, int], bool], ...] = SHAPES + SCATTERED, device: str = "cuda"
) -> Suite:
    """The cases, (tokens, heads, scattered); the buffers of one are made when it is measured."""
    cases = [
        Case(
            f"{tokens} x ({q} + {k}) x {HEAD_SIZE}"
            + (", scattered" if scattered and tokens >= PROMPT else ""),
            bytes_moved=bytes_moved(tokens, q + k),
            make=partial(calls, tokens, q, k, device, scattered),
            at_ceiling=tokens == LARGEST,
        )
        for tokens, (q, k), scattered in shapes
    ]
    return Suite("rope", ("rope.cu", "rope_call.h", "ceilings.cu"), "kbk.ops.rope", cases)


def bytes_moved(tokens: int, heads: int) -> int:
    """q and k read and written; of each token a row of the table and an int64 position read.

    No two tokens of a case have the same position, so that no row is read once for two of them.
    """
    return tokens * (2 * heads * HEAD_SIZE * DTYPE.itemsize + HEAD_SIZE * 4 + 8)


def table(positions: int, device: str) -> torch.Tensor:
    """cos_sin_cache of base 10,000: [positions, HEAD_SIZE] float32."""
    pair = torch.arange(0, HEAD_SIZE, 2, dtype=torch.float64, device=device)
    at = torch.arange(positions, dtype=torch.float64, device=device)
    angle = at[:, None] * 10000.0 ** (-pair / HEAD_SIZE)
    return torch.cat([angle.cos(), angle.sin()], dim=1).float()


def calls(
    tokens: int, q_heads: int, k_heads: int, device: str = "cuda", scattered: bool = True
) -> Calls:
    """Every function of one shape, in place on the same q and k, all at different positions.

    Scattered ones are random, as those of many sequences in a decode step: rows of the table that
    do not lie beside each other. The others are a prompt's. A rotation keeps lengths, so that q and
    k stay of one size however often they are turned.
    """
    q, k = (torch.randn(tokens, n * HEAD_SIZE, device=device).to(DTYPE) for n in (q_heads, k_heads))
    shuffled = torch.randperm(POSITIONS, generator=torch.Generator().manual_seed(tokens))
    positions = (shuffled[:tokens] if scattered else torch.arange(tokens)).to(device)
    arguments = (positions, q, k, HEAD_SIZE, table(POSITIONS, device))
    made = Calls(
        ours=partial(apply_rope_with_cos_sin_cache_inplace, *arguments),
        check=partial(_wrong, *arguments),
    )
    made.add("torch eager", lambda: partial(eager, *arguments))
    made.add("torch.compile", lambda: _compiled(arguments))
    made.add("FlashInfer", lambda: _imported("flashinfer.rope", arguments))
    made.add("sgl_kernel", lambda: _imported("sgl_kernel", arguments))
    made.ceilings = ceilings(bytes_moved(tokens, q_heads + k_heads), device)
    return made


def eager(
    positions: torch.Tensor, q: torch.Tensor, k: torch.Tensor, head: int, cos_sin: torch.Tensor
) -> None:
    """The op in plain torch."""
    cos, sin = cos_sin[positions][:, None, :].chunk(2, -1)
    for x in (q, k):
        heads = x.view(x.shape[0], x.shape[1] // head, head)
        a, b = heads.to(cos_sin.dtype).chunk(2, -1)
        heads.copy_(torch.cat([a * cos - b * sin, b * cos + a * sin], -1))


def _compiled(arguments: tuple[torch.Tensor | int, ...]) -> Fn:
    torch._dynamo.reset()  # a program for this shape: a dynamic one would be slower
    return partial(torch.compile(eager, fullgraph=True, dynamic=False), *arguments)


def _imported(module: str, arguments: tuple[torch.Tensor | int, ...]) -> Fn:
    op: Callable[..., object] = import_module(module).apply_rope_with_cos_sin_cache_inplace
    return partial(op, *arguments)


def ceilings(nbytes: int, device: str = "cuda") -> dict[str, Fn]:
    """Kernels that read half of so many bytes and write half, elsewhere or where they read.

    That is the mix of the op but for the table and the positions, which are only read: of 1,000
    bytes at 32 + 8 heads the op reads 512 and writes 488. In place is what the op does, each line
    written where it was read, and on an H200 the faster of the two.
    """
    words = nbytes // 2 // 16 * 4
    x = torch.randint(-(2**31), 2**31, (words,), dtype=torch.int32, device=device)
    elsewhere = torch.empty_like(x)
    op = family("ceilings").one_to_one
    return {
        f"{where}, {in_flight} in flight, {threads} threads, {blocks or 'all'} blocks an SM": (
            partial(op, out, x, in_flight, threads, blocks)
        )
        for where, out in (("elsewhere", elsewhere), ("in place", x))
        for in_flight, threads, blocks in product((1, 4), (128, 256, 512, 1024), (0, 2, 4, 8))
        if threads * blocks <= 2048
    }


def _wrong(
    positions: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    head: int,
    cos_sin: torch.Tensor,
    fn: Fn,
) -> str:
    """What is wrong with how a function turns q and k; a table rounded to bfloat16 is."""
    before = [x.clone() for x in (q, k)]
    fn()
    for name, x, was in zip(("q", "k"), (q, k), before, strict=True):
        for first in range(0, q.shape[0], 1024):  # float64 of all of it would be much memory
            rows = slice(first, first + 1024)
            right = was[rows].double()
            eager(positions[rows], right, right[:, :0], head, cos_sin.double())
            off = ((x[rows].double() - right).abs() - 2.0**-8 * right.abs()).max().item()
            if not off <= 1e-5:
                return f"an element of {name} is {off:.3g} further from float64 than one rounding"
    return ""
