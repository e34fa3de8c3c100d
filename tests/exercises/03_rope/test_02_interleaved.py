"""03/02 Interleaved, eight at a time: rotaries of every size, oracle, gates and hints."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Sparse, Update, rotation, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Interleaved, eight at a time",
    kind="fill",
    stars=2,
    minutes=20,
    points=10,
    functions=("rope_interleaved",),
    task="Rotate the pairs of a 16-byte vector in registers; load each cosine and sine once.",
    hints=(
        "A pair lies in one vector, so a thread reads it, turns it and writes it back, and nobody "
        "else is asked. Its cosine and sine serve both elements: load them once for the pair.",
        "Leave at once if `first >= rotary`. The vector's pairs begin at pair `first / 2`: their "
        "cosines at `row + first / 2`, their sines `rotary / 2` further. The last vector may hold "
        "fewer pairs than others: `(rotary - first) / 2`.",
        "`float cos[kPairs], sin[kPairs];` with `alignas(16)`; if `rotary` is a multiple of the "
        "elements of a vector, `load_floats` for each, else a loop over the pairs that rotate. "
        "Then `a = float(x[2 * p])`, `b = float(x[2 * p + 1])`, and `x[2 * p] = T(a * cos[p] - b "
        "* sin[p])`, `x[2 * p + 1] = T(b * cos[p] + a * sin[p])`.",
    ),
    reuses=(
        "01/03: what a last vector lacks, and the test of an alignment",
        "01/04: where a row of a table begins, in 64 bits",
        "00/06: float32 inside, one rounding",
    ),
    sources=(
        "https://github.com/flashinfer-ai/flashinfer/blob/bc29697ba20b7e6bdb728ded98f04788e16ee021"
        "/include/flashinfer/pos_enc.cuh",
    ),
    stub=("every dtype", "wrong-answer"),
    mutants={
        "pairs_over_half": "every dtype",
        "sign": "every dtype",
        "half_arithmetic": "every dtype",
        "products_rounded": "every dtype",
        "table_rounded": "every dtype",
        "second_uses_the_new_first": "every dtype",
        "position_is_the_token": "every dtype",
        "tail_pairs_left": "every rotary",
        "tail_pairs_too_many": "every rotary",
        "alignment_of_rows_alone": "every rotary",
        "row_of_32_bits": "beyond 2^31",
        "table_twice": "table once",
        "table_one_by_one": "whole sectors",
        "pair_by_pair": "16 bytes a lane",
    },
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def turn(
    rng: random.Random,
    query: Tensor,
    rotary: int,
    *,
    rows: int = 50,
    gates: tuple[Gate, ...] = (),
    note: str = "",
    exactly: bool = False,
) -> Case:
    """A case for given values of q, at random positions; where costs count, at different ones.

    `exactly`: the table has quarter turns, and every element must have the very bits.
    """
    cos_sin = (rotation.quarter_turns if exactly else rotation.table)(rng, rows, rotary)
    positions = values.integers(rng, len(query), high=rows)
    if gates:
        positions = torch.tensor(rng.sample(range(rows), len(query)))
    label = f"{str(query.dtype)[6:]} {list(query.shape)}, rotary {rotary}{note}"
    return Case(
        "rope_interleaved",
        Update(query, "query"), Read(positions, "positions"), Read(cos_sin, "cos_sin"),
        expect=lambda: rotation.rotated(query, positions, cos_sin, neox=False),
        tol=None if exactly else rotation.tolerance(query), label=label,
        launches=int(query.numel() > 0), gates=gates,
    )  # fmt: skip


@EXERCISE.check("every dtype", points=2)
def every_dtype(rng: random.Random) -> Iterator[Case]:
    for dtype, (tokens, heads) in product(DTYPES, ((7, 3), (1, 1), (0, 4), (33, 2))):
        yield turn(rng, values.uniform(rng, tokens, heads, 64, dtype=dtype), 64)


@EXERCISE.check("every rotary", points=2)
def every_rotary(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        vector = 16 // dtype.itemsize
        for rotary, head_dim in (
            *((2, 128), (6, 8), (10, 16), (vector + 2, 2 * vector), (3 * vector - 2, 64)),
            *((4, 8), (12, 16), (20, 64), (64, 80), (66, 80), (124, 128), (126, 128), (128, 128)),
        ):
            yield turn(rng, values.uniform(rng, 5, 3, head_dim, dtype=dtype), rotary)
            query = values.uniform(rng, 2, 2, head_dim, dtype=dtype)
            yield turn(rng, query, rotary, note=", quarter turns", exactly=True)


@EXERCISE.check("special values", points=1)
def special(rng: random.Random) -> Iterator[Case]:
    specials = (math.nan, math.inf, -math.inf, 0.0, -0.0)
    for dtype, rotary in product(DTYPES, (64, 46)):
        query = values.uniform(rng, 3, 2, 64, dtype=dtype)
        for value in specials:
            for _ in range(3):
                query[rng.randrange(3), rng.randrange(2), rng.randrange(64)] = value
        yield turn(rng, query, rotary, note=", with NaN, infinities and zeros")
        large = values.uniform(rng, 3, 2, 64, dtype=dtype, low=-3e4, high=3e4)
        yield turn(rng, large, rotary, note=", values to 30,000")
        small = values.uniform(rng, 3, 2, 64, low=-1.0, high=1.0) * torch.finfo(dtype).tiny
        yield turn(rng, small.to(dtype), rotary, note=", subnormal values")


@EXERCISE.check("beyond 2^31", points=1)
def beyond(rng: random.Random) -> Iterator[Case]:
    rotary = 128
    first = 2**31 // rotary - 1  # the row after this one begins with element 2^31
    rows = rotation.table(rng, 3, rotary)
    query = values.uniform(rng, 4, 2, 128, dtype=torch.bfloat16)
    order = torch.tensor([2, 0, 1, 2])
    table = Sparse(
        (first + 3) * rotary, torch.float32, first * rotary, rows.flatten(), "cos_sin",
        shape=(first + 3, rotary),
    )  # fmt: skip
    yield Case(
        "rope_interleaved", Update(query, "query"), Read(order + first, "positions"), table,
        expect=lambda: rotation.rotated(query, order, rows, neox=False),
        tol=rotation.tolerance(query), label="the rows around element 2^31 of cos_sin",
    )  # fmt: skip


def shapes(rng: random.Random) -> Iterator[tuple[Tensor, int]]:
    """Heads whose vectors rotate as a whole, and heads that do not."""
    for dtype, (tokens, heads, head_dim, rotary) in product(
        DTYPES, ((8, 4, 128, 128), (9, 3, 128, 64))
    ):
        yield values.uniform(rng, tokens, heads, head_dim, dtype=dtype), rotary


@EXERCISE.check("table once", points=2, gate=True)
def table_once(rng: random.Random) -> Iterator[Case]:
    for query, rotary in (*shapes(rng), (values.uniform(rng, 5, 3, 64, dtype=DTYPES[1]), 42)):
        once = query.shape[0] * query.shape[1] * rotary * 4
        gate = Gate(
            "bytes_ld:cos_sin", target=once, baseline=2 * once, of="table_twice",
            why="A pair has one cosine and one sine: load each once, for both elements.",
        )  # fmt: skip
        yield turn(rng, query, rotary, gates=(gate,))


@EXERCISE.check("16 bytes a lane", points=1, gate=True)
def sixteen(rng: random.Random) -> Iterator[Case]:
    for query, rotary in shapes(rng):
        elements = 16 // query.dtype.itemsize
        most = -(-query.numel() // elements // 32)
        gates = tuple(
            Gate(counter, target=most, baseline=elements * most, of="pair_by_pair")
            for counter in ("requests_ld:query", "requests_st:query")
        )
        yield turn(rng, query, rotary, gates=gates)


# Excess sectors of loads one by one, by rotary and bytes of an element.
ONE_BY_ONE = {(128, 4): 512, (64, 4): 216, (128, 2): 512, (64, 2): 360}


@EXERCISE.check("whole sectors", points=1, gate=True)
def whole_sectors(rng: random.Random) -> Iterator[Case]:
    for query, rotary in shapes(rng):
        baseline = ONE_BY_ONE[rotary, query.dtype.itemsize]
        gate = Gate("excess_sectors", target=0, baseline=baseline, of="table_one_by_one")
        yield turn(rng, query, rotary, gates=(gate,))
