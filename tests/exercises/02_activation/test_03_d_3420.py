"""02/03 d = 3420: widths that halve badly, rows of wider tensors, no tokens; oracle and gates.

silu is off by 4 u in its exponential (two units in the last place, as CUDA's tables say), and by
one each in the sum, the quotient and the product: 8 u at most, u = 2**-24. -g is exact.
No gate that is drawn is so low that exp(-g) overflows.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Write, values
from kbk.grade.cases import Tol
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="d = 3420",
    kind="fix",
    stars=2,
    minutes=20,
    points=15,
    functions=("silu_and_mul",),
    task="Mend a silu_and_mul by 16-byte vectors that crashes at d = 3,420, on slices and on an "
    "empty batch.",
    hints=(
        "A lane forms three kinds of addresses: in the first half of a row, in the second half, "
        "and in out. 16 bytes at once need each of them on a multiple of 16.",
        "In `silu_and_mul_of`: the second half begins d elements after the first, not 2 * d. A row "
        "begins x.stride(0) elements after the one before. And a view may begin anywhere. A grid "
        "of 0 blocks cannot be launched.",
        "OR everything that is added up: the addresses of x and out, and `x.stride(0) * sizeof(T)` "
        "and `d * sizeof(T)`. If 16 divides the result, it divides each of them. Return early if "
        "`out.numel() == 0`.",
    ),
    reuses=("01/03: the test of an alignment", "00/02: no launch for nothing"),
    sources=(
        "https://github.com/flashinfer-ai/flashinfer/issues/2526",
        "https://github.com/flashinfer-ai/flashinfer/issues/5013",
    ),
    stub=("every width", "misaligned"),
    mutants={
        "scalar_everywhere": "16 bytes a lane",
        "widths_of_64_bytes": "16 bytes a lane",
        "asks_for_a_multiple_of_8": "16 bytes a lane",
        "refuses_what_8_does_not_divide": "every width",
        "block_of_no_threads": "every width",
        "whole_vectors_only": "every width",
        "alignment_to_8_bytes": "every width",
        "looks_at_the_base_only": "rows of a wider tensor",
        "forgets_where_x_begins": "rows of a wider tensor",
        "forgets_where_out_begins": "rows of a wider tensor",
        "adds_the_addresses": "rows of a wider tensor",
        "repacks_by_rows_of_d": "rows of a wider tensor",
        "grid_of_no_blocks": "no tokens",
        "one_block_for_no_tokens": "no tokens",
    },
)

DTYPES = (torch.bfloat16, torch.float16, torch.float32)
INF, NAN = math.inf, math.nan


def expected(x: Tensor) -> Tensor:
    """The exact result, in float64."""
    gate, up = x.double().chunk(2, dim=1)
    return gate / (1 + torch.exp(-gate)) * up


def tolerance(dtype: torch.dtype) -> Tol:
    """As above; values lie between -4 and 4."""
    return values.tolerance(dtype, float32_steps=8)


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
    label = f"{str(dtype)[6:]}, tokens = {tokens}, d = {d:,}, stride {stride:,}{where}"
    return Case(
        "silu_and_mul", Write(out, "out"), Read(x, "x"), expect=lambda: expected(x),
        tol=tolerance(dtype), label=label, launches=int(tokens > 0), gates=gates,
    )  # fmt: skip


@EXERCISE.check("their test", points=0)
def their_test(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        yield case(rng, 2, 4096, dtype)


@EXERCISE.check("every width", points=5)
def every_width(rng: random.Random) -> Iterator[Case]:
    for dtype, tokens in product(DTYPES, (1, 3)):
        for d in (3420, 12, 20, 100, 4, 4096, 1, 2, 7, 8, 33, 1028):
            yield case(rng, tokens, d, dtype)


@EXERCISE.check("rows of a wider tensor", points=4)
def rows_of_a_wider_tensor(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        unit = 16 // dtype.itemsize
        for d, apart in product((4096, 64, 20), (1, unit // 2, unit)):
            yield case(rng, 3, d, dtype, apart=apart)
        for at, out_at in (
            (1, 0),
            (0, 1),
            (unit // 2, 0),
            (0, unit // 2),
            (1, 1),
            (unit // 2, unit // 2),
        ):
            yield case(rng, 2, 64, dtype, at=at, out_at=out_at)
            yield case(rng, 1, 8 * rng.randint(9, 99), dtype, at=at, out_at=out_at)


@EXERCISE.check("no tokens", points=1)
def no_tokens(rng: random.Random) -> Iterator[Case]:
    for dtype, d in product(DTYPES, (3420, 4096)):
        yield case(rng, 0, d, dtype)


@EXERCISE.check("special values", points=1)
def special_values(rng: random.Random) -> Iterator[Case]:
    # Of these the result is exact, so bits are asked for, and the sign of a zero with them.
    pairs = list(product((0.0, -0.0, 1e4, -1e4, INF, -INF, NAN), (0.0, -0.0, 1.0, -2.0, INF, NAN)))
    for dtype, rest in product(DTYPES, (0, 1)):
        rng.shuffle(pairs)
        x = torch.tensor([*zip(*pairs[rest:], strict=True)], dtype=dtype).view(1, -1)
        yield Case(
            "silu_and_mul", Write(torch.empty(1, len(pairs) - rest, dtype=dtype), "out"),
            Read(x, "x"), expect=lambda x=x: expected(x), label=f"{str(dtype)[6:]}, special values",
        )  # fmt: skip


@EXERCISE.check("16 bytes a lane", points=4, gate=True)
def sixteen_bytes_a_lane(rng: random.Random) -> Iterator[Case]:
    tokens = 2
    widths = [(dtype, d) for dtype in DTYPES for d in (4096, 3416)] + [(torch.float32, 3420)]
    for dtype, d in widths:
        gates = tuple(
            Gate(
                counter,
                target=halves * tokens * -(-d * dtype.itemsize // 512),
                baseline=halves * tokens * -(-d // 32),
                of="scalar_everywhere",
            )
            for counter, halves in (("requests_ld:x", 2), ("requests_st:out", 1))
        )
        yield case(rng, tokens, d, dtype, apart=64, gates=gates)
