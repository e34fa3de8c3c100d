"""03/03 Two threads, one pair: heads longer than a warp, oracle, gates and hints."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Update, rotation, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Two threads, one pair",
    kind="fix",
    stars=2,
    minutes=20,
    points=15,
    functions=("rope_heads",),
    task="Mend an in-place rotation: a thread reads an element that another one overwrites.",
    hints=(
        "No wait is needed where nobody has to wait: let one thread own all that a result depends "
        "on, and all that it overwrites.",
        "In `rotate_heads`, element i and element i + half depend on each other and on nothing "
        "else. Give both to one thread: half as many threads have work. `launch_rotate` may start "
        "fewer.",
        "`if (i >= half) return;`, read `mine[i]` and `mine[i + half]` into two floats, and only "
        "then write both: `a * c - b * s` and `b * c + a * s`.",
    ),
    reuses=(
        "00/02: threads beyond the end have no work",
        "01/02: a bound that is not one too high; every element written once",
    ),
    sources=(
        "https://docs.nvidia.com/cuda/cuda-c-programming-guide/#independent-thread-scheduling",
        "https://docs.nvidia.com/compute-sanitizer/ComputeSanitizer/index.html#racecheck-tool",
        "https://github.com/flashinfer-ai/flashinfer/blob/bc29697ba20b7e6bdb728ded98f04788e16ee021"
        "/include/flashinfer/pos_enc.cuh",
    ),
    stub=("heads of two warps and more", "race"),
    mutants={
        "fences_and_warps_wait": "heads of two warps and more",
        "works_to_64": "heads of two warps and more",
        "writes_before_it_reads": "their test",
        "owner_off_by_one": "their test",
        "every_thread_a_pair": "their test",
        "partner_of_another_head": "their test",
        "second_from_the_new_first": "their test",
        "rounds_between": "every dtype",
        "barrier_of_the_block": "no barrier",
        "temporary_in_global_memory": "loaded once, stored once",
        "loads_twice": "loaded once, stored once",
    },
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
ROWS = 40


def turn(rng: random.Random, x: Tensor, *, gates: tuple[Gate, ...] = (), note: str = "") -> Case:
    """A case for given values, at random positions."""
    cos_sin = rotation.table(rng, ROWS, x.shape[2])
    positions = values.integers(rng, len(x), high=ROWS)
    return Case(
        "rope_heads", Update(x, "x"), Read(positions, "positions"), Read(cos_sin, "cos_sin"),
        expect=lambda: rotation.rotated(x, positions, cos_sin), tol=rotation.tolerance(x),
        label=f"{str(x.dtype)[6:]} {list(x.shape)}{note}", launches=int(x.numel() > 0), gates=gates,
    )  # fmt: skip


@EXERCISE.check("their test", points=0)
def theirs(rng: random.Random) -> Iterator[Case]:
    yield turn(rng, values.uniform(rng, 6, 4, 32))


@EXERCISE.check("heads of two warps and more", points=6)
def long_heads(rng: random.Random) -> Iterator[Case]:
    for head_dim, (tokens, heads) in product((64, 80, 128, 256), ((3, 2), (1, 5))):
        for _ in range(2):  # in order, and in another
            yield turn(rng, values.uniform(rng, tokens, heads, head_dim))


@EXERCISE.check("every dtype", points=3)
def every_dtype(rng: random.Random) -> Iterator[Case]:
    for dtype, head_dim in product(DTYPES, (2, 34, 66, 98, 256, 512, 1024)):
        yield turn(rng, values.uniform(rng, 3, 2, head_dim, dtype=dtype))
    yield turn(rng, torch.empty(0, 4, 64))
    yield turn(rng, values.uniform(rng, 700, 3, 64, dtype=torch.bfloat16))


@EXERCISE.check("special values", points=1)
def special(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        x = values.uniform(rng, 3, 2, 128, dtype=dtype)
        for value in (math.nan, math.inf, -math.inf, 0.0, -0.0):
            for _ in range(3):
                x[rng.randrange(3), rng.randrange(2), rng.randrange(128)] = value
        yield turn(rng, x, note=", with NaN, infinities and zeros")
        large = values.uniform(rng, 3, 2, 128, dtype=dtype, low=-3e4, high=3e4)
        yield turn(rng, large, note=", values to 30,000")


@EXERCISE.check("no barrier", points=2, gate=True)
def no_barrier(rng: random.Random) -> Iterator[Case]:
    gate = Gate("kbk__barriers.sum", target=0, baseline=12, of="barrier_of_the_block")
    for head_dim in (64, 80, 256):
        yield turn(rng, values.uniform(rng, 4, 3, head_dim), gates=(gate,))


@EXERCISE.check("loaded once, stored once", points=3, gate=True)
def once(rng: random.Random) -> Iterator[Case]:
    for dtype, head_dim in product(DTYPES, (128, 256)):
        x = values.uniform(rng, 4, 3, head_dim, dtype=dtype)
        size = x.numel() * dtype.itemsize
        gates = (
            Gate("bytes_ld:x", target=size, baseline=2 * size, of="loads_twice"),
            Gate("bytes_st", target=size, baseline=2 * size, of="temporary_in_global_memory"),
        )
        yield turn(rng, x, gates=gates)
