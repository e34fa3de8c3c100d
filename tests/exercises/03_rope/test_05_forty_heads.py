"""03/05 Forty heads, one angle: any number of heads, positions of both widths, oracle and gates."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Sparse, Update, rotation, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Forty heads, one angle",
    kind="optimise",
    stars=3,
    minutes=25,
    points=15,
    functions=("rope_qk",),
    task="Rotate all heads of a token with cosines and sines that are loaded once.",
    hints=(
        "What all heads of a token share can stay in registers while the heads go by. Work that "
        "shares data belongs to one worker, one piece after the other.",
        "Let a worker have a token and walk over its heads, inside the loop over `i`: c and s are "
        "loaded before the heads, and serve them all. The grid has no heads then.",
        "After c and s, `for (int h = 0; h < q_heads + k_heads; ++h)` with the address of head h "
        "and `rotate_four(x + i, half, c, s)` in it; a grid of `ceil_div(tokens * kLanes, "
        "kThreads)` blocks, without y.",
    ),
    reuses=(
        "01/04: what a row needs is loaded once; ids of two widths; rows beyond 2^31",
        "03/03: a thread owns whole pairs",
    ),
    sources=("https://github.com/flashinfer-ai/flashinfer/pull/619",),
    stub=("few sectors", "too-much-traffic"),
    mutants={
        "angles_of_the_first_token": "every number of heads",
        "without_the_last_head": "every number of heads",
        "k_not_rotated": "every number of heads",
        "shared_without_barrier": "every number of heads",
        "one_turn_of_a_head": "every size",
        "positions_of_32_bits_only": "every number of heads",
        "row_of_32_bits": "every position",
        "two_heads_an_angle": "few sectors",
        "a_worker_each_eighth": "few sectors",
        "one_pair_a_load": "wide loads",
    },
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
ROWS = 60


def turn(
    rng: random.Random,
    tokens: int,
    q_heads: int,
    k_heads: int,
    head_dim: int = 128,
    dtype: torch.dtype = torch.bfloat16,
    wide: bool = True,
    gates: tuple[Gate, ...] = (),
) -> Case:
    """A case of fresh tensors; where costs count, all positions differ."""
    query = values.uniform(rng, tokens, q_heads, head_dim, dtype=dtype)
    key = values.uniform(rng, tokens, k_heads, head_dim, dtype=dtype)
    cos_sin = rotation.table(rng, ROWS, head_dim)
    drawn = rng.sample(range(ROWS), tokens) if gates else rng.choices(range(ROWS), k=tokens)
    positions = torch.tensor(drawn, dtype=torch.int64 if wide else torch.int32)
    return call(
        query, key, positions, cos_sin, gates=gates,
        label=f"{tokens} tokens, {q_heads} + {k_heads} heads of {head_dim} {str(dtype)[6:]}, "
        f"{str(positions.dtype)[6:]} positions",
    )  # fmt: skip


def call(
    query: Tensor,
    key: Tensor,
    positions: Tensor,
    cos_sin: Tensor,
    *,
    label: str,
    table: Sparse | None = None,
    first: int = 0,
    gates: tuple[Gate, ...] = (),
) -> Case:
    """A case; `table` stands for a large one, of which `cos_sin` are the rows from `first` on."""
    both = torch.cat([query.flatten(), key.flatten()])
    return Case(
        "rope_qk", Update(query, "query"), Update(key, "key"), Read(positions + first, "positions"),
        table or Read(cos_sin, "cos_sin"),
        expect=lambda: tuple(rotation.rotated(x, positions, cos_sin) for x in (query, key)),
        tol=rotation.tolerance(both), launches=int(both.numel() > 0), label=label, gates=gates,
    )  # fmt: skip


@EXERCISE.check("every number of heads", points=2)
def heads(rng: random.Random) -> Iterator[Case]:
    for q_heads, k_heads in ((32, 8), (64, 8), (1, 1), (3, 2), (2, 1), (7, 0), (0, 5), (1, 33)):
        yield turn(rng, 8, q_heads, k_heads)


@EXERCISE.check("every size", points=2)
def sizes(rng: random.Random) -> Iterator[Case]:
    for head_dim, tokens in product((8, 64, 80, 256, 264), (1, 3, 33)):
        yield turn(rng, tokens, 3, 2, head_dim)
    yield turn(rng, 0, 4, 2)
    yield turn(rng, 5, 0, 0)
    yield turn(rng, 1000, 2, 1, 16)


@EXERCISE.check("every position", points=2)
def positions(rng: random.Random) -> Iterator[Case]:
    for dtype, wide in product(DTYPES, (True, False)):
        yield turn(rng, 7, 4, 1, 128, dtype, wide)
        yield turn(rng, 5, 3, 3, 72, dtype, wide)
    first = 2**31 // 128 - 1  # the row after this one begins with element 2^31
    for dtype in (torch.int64, torch.int32):
        rows = rotation.table(rng, 3, 128)
        order = torch.tensor([2, 0, 1, 2], dtype=dtype)
        table = Sparse(
            (first + 3) * 128, torch.float32, first * 128, rows.flatten(), "cos_sin",
            shape=(first + 3, 128),
        )  # fmt: skip
        yield call(
            values.uniform(rng, 4, 2, 128, dtype=DTYPES[2]),
            values.uniform(rng, 4, 1, 128, dtype=DTYPES[2]),
            order, rows, table=table, first=first,
            label=f"{str(dtype)[6:]} positions, the rows around element 2^31 of cos_sin",
        )  # fmt: skip


TOKENS = 8
COUNTED = tuple(product((torch.bfloat16, torch.float32), ((32, 8), (64, 8))))
"""Dtypes and heads whose cost counts: head_dim is 128, and all positions differ."""


@EXERCISE.check("few sectors", points=7, gate=True)
def few_sectors(rng: random.Random) -> Iterator[Case]:
    for dtype, (q_heads, k_heads) in COUNTED:
        heads = q_heads + k_heads
        once = 4 * heads * dtype.itemsize  # q and k of a token
        gate = Gate(
            "sectors_ld",
            target=TOKENS * (once + 16 + 4),  # the angles, and what positions may take
            baseline=TOKENS * (once + 16 * heads) + heads * TOKENS // 2,
            leeway=4 * TOKENS,
            why="The angles of a token are the same for all of its heads: load them before those.",
        )
        yield turn(rng, TOKENS, q_heads, k_heads, 128, dtype, gates=(gate,))


@EXERCISE.check("wide loads", points=2, gate=True)
def wide_loads(rng: random.Random) -> Iterator[Case]:
    for dtype, (q_heads, k_heads) in COUNTED:
        heads = q_heads + k_heads
        gate = Gate(
            "requests_ld",
            target=TOKENS * (heads + 8),  # two halves for two heads; positions and angles
            baseline=TOKENS * heads // 2 * 5,
            leeway=7 * TOKENS,
        )
        yield turn(rng, TOKENS, q_heads, k_heads, 128, dtype, gates=(gate,))
