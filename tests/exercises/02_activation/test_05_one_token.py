"""02/05 One token: few tokens and many, rows of any distance, oracle, blocks that work, and hints.

One case has two rows 2**31 elements apart, of which only the second exists: a row offset of 32 bits
turns negative there.

silu is off by 4 u in its exponential (two units in the last place, as CUDA's tables say), and by
one each in the sum, the quotient and the product: 8 u at most, u = 2**-24. -g is exact.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Sparse, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="One token",
    kind="optimise",
    stars=2,
    minutes=20,
    points=15,
    functions=("silu_and_mul",),
    task="Spread the silu_and_mul of a single token over more than one block, and keep its "
    "16-byte requests.",
    hints=(
        "An SM can only work on blocks that it has. How many a launch has should follow from the "
        "work, not from the number of rows.",
        "Count the vectors of all rows, `tokens * (d / kVec)`, and start a thread for each, in "
        "blocks of kThreads. In the kernel, the number of a thread says which row and which "
        "vector: a division and its remainder.",
        "`per_row = d / kVec`, `i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x`; return if "
        "`i >= tokens * per_row`; row `i / per_row`, vector `i % per_row`. The loop goes.",
    ),
    reuses=(
        "00/03: as many blocks as are needed",
        "01/02: offsets of 64 bits",
        "01/06: rows that lie apart",
    ),
    sources=(
        "https://github.com/flashinfer-ai/flashinfer/blob/2c9d1c368f82ea1a768f7343ab0d2c69d5e94d77"
        "/include/flashinfer/activation.cuh",
        "https://github.com/vllm-project/vllm/pull/42860",
    ),
    stub=("blocks that work", "too-much-traffic"),
    mutants={
        "columns_of_bfloat16_for_any_dtype": "few tokens",
        "block_of_1792": "few tokens",
        "vectors_rounded_down": "few tokens",
        "a_launch_a_token": "few tokens",
        "vectors_across_rows": "any width",
        "rows_of_two_halves": "any width",
        "tokens_along_y": "many tokens",
        "row_offset_of_32_bits": "beyond 2^31",
        "blocks_that_do_nothing": "blocks that work",
        "every_block_does_it_all": "few requests",
        "one_element_a_thread": "few requests",
    },
)

DTYPES = (torch.bfloat16, torch.float16, torch.float32)
WIDTH = 14336  # of Llama-3.1-8B
INF, NAN = math.inf, math.nan


def expected(x: Tensor) -> Tensor:
    """The exact result, in float64."""
    gate, up = x.double().chunk(2, dim=1)
    return gate / (1 + torch.exp(-gate)) * up


def case(
    rng: random.Random,
    tokens: int,
    d: int,
    dtype: torch.dtype,
    *,
    apart: int = 0,
    at: int = 0,
    out_at: int = 0,
    gates: tuple[Gate, ...] = (),
) -> Case:
    """A case; `apart` elements lie between rows, the tensors begin `at` and `out_at` late."""
    stride = 2 * d + apart
    x = values.uniform(rng, at + tokens * stride, dtype=dtype)[at:]
    x = x.view(tokens, stride)[:, : 2 * d]
    out = torch.empty(out_at + tokens * d, dtype=dtype)[out_at:].view(tokens, d)
    where = f", x begins at {at} and out at {out_at}" if at or out_at else ""
    label = f"{str(dtype)[6:]}, tokens = {tokens:,}, d = {d:,}, stride {stride:,}{where}"
    return Case(
        "silu_and_mul", Write(out, "out"), Read(x, "x"), expect=lambda: expected(x),
        tol=values.tolerance(dtype, float32_steps=8), label=label, launches=int(tokens > 0),
        gates=gates,
    )  # fmt: skip


@EXERCISE.check("few tokens", points=2)
def few_tokens(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for tokens in (1, 2, 4):
            yield case(rng, tokens, WIDTH, dtype)
        yield case(rng, 1, 8 * rng.randint(9, 500), dtype)
        yield case(rng, 0, WIDTH, dtype)


@EXERCISE.check("any width", points=1)
def any_width(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        unit = 16 // dtype.itemsize
        for tokens, d in product((1, 2, 4), (100, 1, 12, 33, 2052)):
            yield case(rng, tokens, d, dtype)
        for d, apart in product((256, 2048), (1, unit, 3 * unit)):
            yield case(rng, 3, d, dtype, apart=apart)
        for at, out_at in ((1, 0), (0, 1), (unit // 2, unit // 2)):
            yield case(rng, 2, 64, dtype, at=at, out_at=out_at)


@EXERCISE.check("many tokens", points=1)
def many_tokens(rng: random.Random) -> Iterator[Case]:
    yield case(rng, 65_537, 2, torch.float16)  # more than the y of a grid can count
    yield case(rng, 1000, 40, torch.bfloat16)


@EXERCISE.check("special values", points=1)
def special_values(rng: random.Random) -> Iterator[Case]:
    # Of these the result is exact, so bits are asked for, and the sign of a zero with them.
    pairs = list(product((0.0, -0.0, 1e4, -1e4, INF, -INF, NAN), (0.0, -0.0, 1.0, -2.0, INF, NAN)))
    for dtype, rest in product(DTYPES, (2, 1)):
        rng.shuffle(pairs)
        x = torch.tensor([*zip(*pairs[rest:], strict=True)], dtype=dtype).view(1, -1)
        yield Case(
            "silu_and_mul", Write(torch.empty(1, len(pairs) - rest, dtype=dtype), "out"),
            Read(x, "x"), expect=lambda x=x: expected(x), label=f"{str(dtype)[6:]}, special values",
        )  # fmt: skip


@EXERCISE.check("beyond 2^31", points=1)
def beyond(rng: random.Random) -> Iterator[Case]:
    d, apart = 1000, 2**31 + 8
    last = values.uniform(rng, 1, 2 * d, dtype=torch.bfloat16)
    x = Sparse(
        apart + 2 * d, torch.bfloat16, apart, last.flatten(), "x",
        shape=(2, 2 * d), strides=(apart, 1),
    )  # fmt: skip
    yield Case(
        "silu_and_mul", Write(torch.empty(2, d, dtype=torch.bfloat16), "out"), x,
        expect=lambda: torch.cat([torch.zeros(1, d, dtype=torch.float64), expected(last)]),
        tol=values.tolerance(torch.bfloat16, float32_steps=8),
        label=f"bfloat16, tokens = 2, d = {d:,}, rows {apart:,} elements apart",
    )  # fmt: skip


@EXERCISE.check("blocks that work", points=6, gate=True)
def blocks_that_work(rng: random.Random) -> Iterator[Case]:
    why = "A block runs on one SM; one that stores nothing does not count."
    for dtype, tokens in product((torch.bfloat16, torch.float32), (1, 2, 4)):
        blocks = tokens * WIDTH * dtype.itemsize // 16 // 256
        gate = Gate("active_blocks", target=blocks, baseline=tokens, why=why)
        yield case(rng, tokens, WIDTH, dtype, gates=(gate,))


@EXERCISE.check("few requests", points=3, gate=True)
def few_requests(rng: random.Random) -> Iterator[Case]:
    for dtype, tokens in product((torch.bfloat16, torch.float32), (1, 4)):
        gates = tuple(
            Gate(
                counter,
                target=halves * tokens * WIDTH * dtype.itemsize // 512,
                baseline=halves * tokens * WIDTH // 32,
                of="one_element_a_thread",
            )
            for counter, halves in (("requests_ld", 2), ("requests_st", 1))
        )
        yield case(rng, tokens, WIDTH, dtype, gates=gates)
