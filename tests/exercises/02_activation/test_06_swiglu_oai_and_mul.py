"""02/06 swiglu_oai_and_mul: odd widths, rows apart, special values; oracle, requests and sectors.

In units of u = 2**-24: the exponential is off by 4 u (two units in the last place, as CUDA's tables
say); sum, quotient, u + 1 and the product by one each. alpha is rounded to float32 and alpha * gate
once more: 2 u of the exponent, which is alpha times the largest |gate|, make that many u of the
exponential. No gate that is drawn is so low that exp(-alpha * gate) overflows.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Sparse, Write, values
from kbk.grade.cases import Tol
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="swiglu_oai_and_mul",
    kind="build",
    stars=3,
    minutes=35,
    points=20,
    functions=("swiglu_oai_and_mul",),
    task="Build the activation of gpt-oss: interleaved pairs, clamped, at any width and stride, in "
    "loads of 16 bytes.",
    hints=(
        "A pair lies side by side, so a load of 16 bytes brings whole pairs, and half as many "
        "bytes leave. Which rows allow that is a question about addresses, as for every vector.",
        "A comparison with NaN is false: write the clamps so that a NaN stays what it is. In the "
        "kernel, thread i works on row `i / per_row`, vector `i % per_row`. For `wide`, look at "
        "all that addresses are made of: where x and out begin, x.stride(0), d.",
        "`gate > limit ? limit : gate`; `const auto pairs = reinterpret_cast<const Vec<T, 2 * "
        "kPairs, kLoad>*>(row)[i % per_row];`, and a `Vec<T, kPairs, kStore>` to out[i]. `wide`: "
        "16 divides x's address and its stride in bytes, 8 divides out's address and `d * "
        "sizeof(T)`.",
    ),
    reuses=(
        "01/03: the test of an alignment",
        "01/06: rows that lie apart",
        "01/02: offsets of 64 bits",
        "02/05: a thread a vector, over all rows",
    ),
    sources=(
        "https://github.com/openai/gpt-oss/blob/0568dfc94f09469e2968c2b90e50561d1b3fc424/gpt_oss"
        "/torch/model.py",
        "https://docs.nvidia.com/cuda/archive/12.9.1/cuda-c-programming-guide/index.html"
        "#mathematical-functions-appendix",
    ),
    stub=("every dtype", "uninitialized"),
    mutants={
        "halves_of_a_row": "every dtype",
        "clamps_the_gate_below": "every dtype",
        "forgets_the_one": "every dtype",
        "sigmoid_without_alpha": "every dtype",
        "alpha_on_the_gate_too": "every dtype",
        "limit_of_7": "every dtype",
        "value_not_clamped_below": "every dtype",
        "clamps_after_the_sigmoid": "every dtype",
        "rounds_the_gated_value": "every dtype",
        "odd_d_loses_its_end": "any view",
        "pair_as_a_word": "any view",
        "forgets_the_stores": "any view",
        "ignores_the_stride": "any view",
        "row_offset_of_32_bits": "any view",
        "clamp_that_hides_nan": "special values",
        "a_pair_a_thread": "16 bytes a lane",
        "two_loads_a_thread": "whole sectors",
    },
)

DTYPES = (torch.bfloat16, torch.float16, torch.float32)
OAI = (1.702, 7.0)  # alpha and limit of gpt-oss
INF, NAN = math.inf, math.nan
REACH = 12.0


def expected(x: Tensor, alpha: float, limit: float) -> Tensor:
    """The exact result, in float64; torch's clamp keeps a NaN."""
    gate, up = x[:, ::2].double().clamp(max=limit), x[:, 1::2].double().clamp(-limit, limit)
    return gate / (1 + torch.exp(-alpha * gate)) * (up + 1)


def tolerance(dtype: torch.dtype, alpha: float) -> Tol:
    """As above; gates lie between -REACH and REACH."""
    return values.tolerance(dtype, float32_steps=8 + math.ceil(2 * alpha * REACH))


def case(
    rng: random.Random,
    tokens: int,
    d: int,
    dtype: torch.dtype,
    *,
    numbers: tuple[float, float] = OAI,
    apart: int = 0,
    at: int = 0,
    out_at: int = 0,
    gates: tuple[Gate, ...] = (),
) -> Case:
    """A case; `apart` elements lie between rows, the tensors begin `at` and `out_at` late."""
    stride = 2 * d + apart
    x = values.uniform(rng, at + tokens * stride, dtype=dtype, low=-REACH, high=REACH)[at:]
    x = x.view(tokens, stride)[:, : 2 * d]
    out = torch.empty(out_at + tokens * d, dtype=dtype)[out_at:].view(tokens, d)
    where = f", x begins at {at} and out at {out_at}" if at or out_at else ""
    label = f"{str(dtype)[6:]}, tokens = {tokens:,}, d = {d:,}, stride {stride:,}{where}"
    return Case(
        "swiglu_oai_and_mul", Write(out, "out"), Read(x, "x"), *numbers,
        expect=lambda: expected(x, *numbers), tol=tolerance(dtype, numbers[0]), label=label,
        launches=int(tokens > 0), gates=gates,
    )  # fmt: skip


@EXERCISE.check("every dtype", points=4)
def every_dtype(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for tokens, d in ((2, 2880), (3, 100), (1, 1), (5, 33), (2, 1003), (300, 2), (1, 12)):
            yield case(rng, tokens, d, dtype)
        for numbers in ((1.0, 3.5), (2.3, 0.7), (1.702, INF)):
            yield case(rng, 2, 200, dtype, numbers=numbers)
        yield case(rng, 0, 64, dtype)


@EXERCISE.check("any view", points=3)
def any_view(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        unit = 16 // dtype.itemsize
        for d, apart in product((64, 33, 30), (1, 2, unit // 2, unit)):
            yield case(rng, 4, d, dtype, apart=apart)
        for at, out_at in (
            (1, 0),
            (2, 0),
            (unit // 2, 0),
            (0, 1),
            (0, unit // 4),
            (unit, unit // 2),
        ):
            yield case(rng, 3, 64, dtype, at=at, out_at=out_at)
    yield far_apart(rng)


def far_apart(rng: random.Random) -> Case:
    """A case whose second row begins behind element 2^31; the row before it holds zeros."""
    d, apart = 500, 2**31 + 8
    last = values.uniform(rng, 1, 2 * d, dtype=torch.bfloat16)
    x = Sparse(
        apart + 2 * d, torch.bfloat16, apart, last.flatten(), "x",
        shape=(2, 2 * d), strides=(apart, 1),
    )  # fmt: skip
    return Case(
        "swiglu_oai_and_mul", Write(torch.empty(2, d, dtype=torch.bfloat16), "out"), x, *OAI,
        expect=lambda: torch.cat([torch.zeros(1, d).double(), expected(last, *OAI)]),
        tol=tolerance(torch.bfloat16, OAI[0]),
        label=f"bfloat16, tokens = 2, d = {d:,}, rows {apart:,} elements apart",
    )  # fmt: skip


def special(pairs: list[tuple[float, float]], dtype: torch.dtype, tol: Tol | None) -> Case:
    """A row of given pairs."""
    x = torch.tensor(pairs, dtype=dtype).view(1, -1)
    return Case(
        "swiglu_oai_and_mul", Write(torch.empty(1, len(pairs), dtype=dtype), "out"), Read(x, "x"),
        *OAI, expect=lambda: expected(x, *OAI), tol=tol, label=f"{str(dtype)[6:]}, special values",
    )  # fmt: skip


@EXERCISE.check("special values", points=3)
def special_values(rng: random.Random) -> Iterator[Case]:
    # Of these the result is exact, so bits are asked for, and the sign of a zero with them.
    exact = (0.0, -0.0, -1e4, -INF, NAN)
    cut = (7.0, 7.5, 1e4, INF, 1.0, 6.5)
    ups = (0.0, -0.0, 1.0, -1.0, -3.0, 7.5, -7.5, 1e4, INF, -INF, NAN)
    for dtype, rest in product(DTYPES, (0, 1)):
        pairs = [*product(exact, ups)][rest:]
        yield special(rng.sample(pairs, len(pairs)), dtype, None)
        pairs = [*product(cut, ups)][rest:]
        yield special(rng.sample(pairs, len(pairs)), dtype, tolerance(dtype, OAI[0]))


WIDE = ((2880, 0), (2880, 64), (512, 32))  # d, and elements between rows


@EXERCISE.check("16 bytes a lane", points=6, gate=True)
def sixteen_bytes_a_lane(rng: random.Random) -> Iterator[Case]:
    tokens = 2
    for dtype, (d, apart) in product(DTYPES, WIDE):
        size = dtype.itemsize
        loads = Gate(
            "requests_ld:x", target=tokens * -(-2 * d * size // 512),
            baseline=2 * tokens * d // 32, of="a_pair_a_thread", leeway=1,
        )  # fmt: skip
        stores = Gate(
            "requests_st:out", target=tokens * -(-d * size // 256),
            baseline=tokens * d // 32, of="a_pair_a_thread", leeway=1,
        )  # fmt: skip
        yield case(rng, tokens, d, dtype, apart=apart, gates=(loads, stores))


@EXERCISE.check("whole sectors", points=4, gate=True)
def whole_sectors(rng: random.Random) -> Iterator[Case]:
    tokens = 2
    for dtype, (d, apart) in product(DTYPES, WIDE):
        sectors = tokens * 2 * d * dtype.itemsize // 32  # and each is touched by two requests
        gate = Gate("excess_sectors", target=0, baseline=sectors, of="two_loads_a_thread")
        yield case(rng, tokens, d, dtype, apart=apart, gates=(gate,))
