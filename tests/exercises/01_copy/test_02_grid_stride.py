"""01/02 Grid-stride: windows of every size, one beyond 2^31, oracle, gates and hints."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch

from kbk.grade import BITS, Case, Exercise, Gate, Read, Sparse, Update, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Grid-stride",
    kind="fill",
    stars=1,
    minutes=12,
    points=10,
    functions=("copy_window",),
    task="Write the loop in which a grid of at most 1,056 blocks copies any number of elements.",
    hints=(
        "The grid is a comb of fixed width. It copies one element a thread, moves on by its whole "
        "width, and again, until the window ends.",
        "Start at `begin` plus the thread's number in the grid; step by the number of threads in "
        "the grid, `gridDim.x * blockDim.x`. An `int` cannot hold an index of 2^31 or more: both "
        "the index and its step are `int64_t`.",
        "`for (int64_t i = begin + mine; i < end; i += step) out[i] = x[i];` where `mine` is "
        "`int64_t(blockIdx.x) * blockDim.x + threadIdx.x`, the number of the thread.",
    ),
    reuses=("00/02: the index and its bound",),
    stub=("more elements than threads", "uninitialized"),
    mutants={
        "index_of_32_bits": "beyond 2^31",
        "own_chunk": "whole sectors, written once",
        "chunk_of_16": "whole sectors, written once",
        "one_element_too_many": "every size",
        "step_of_a_block": "whole sectors, written once",
        "step_of_half_the_grid": "whole sectors, written once",
        "grid_of_0": "every size",
        "a_block_for_each_128": "more elements than threads",
        "at_most_three_turns": "more elements than threads",
        "copies_from_element_0": "every size",
        "host_copies_the_end": "every size",
    },
    is_copy=True,
)

BLOCKS = 1056
GRID = BLOCKS * 128  # threads of the largest grid


def whole(rng: random.Random, n: int, **options: object) -> Case:
    """A case that copies n elements from first to last."""
    x = values.bits(rng, n)
    return Case(
        "copy_window", Write(torch.empty_like(x), "out"), Read(x, "x"), 0, n,
        expect=lambda: x, tol=BITS, max_blocks=BLOCKS, **options,
    )  # fmt: skip


def window(rng: random.Random, n: int, begin: int, end: int) -> Case:
    """A case that copies [begin, end) of n elements: the others stay."""
    x, out = values.bits(rng, n), values.bits(rng, n)
    return Case(
        "copy_window", Update(out, "out"), Read(x, "x"), begin, end,
        expect=lambda: torch.cat([out[:begin], x[begin:end], out[end:]]), tol=BITS,
        launches=int(begin < end), max_blocks=BLOCKS, label=f"elements {begin} to {end} of {n}",
    )  # fmt: skip


@EXERCISE.check("every size", points=3)
def every_size(rng: random.Random) -> Iterator[Case]:
    for n in (0, 1, 31, 32, 33, 1000, 4099):
        yield whole(rng, n, label=f"n = {n}", launches=int(n > 0))
    yield window(rng, 1000, 7, 7)
    for begin, end in ((0, 1), (1, 34), (999, 1000), (31, 988)):
        yield window(rng, 1000, begin, end)


@EXERCISE.check("more elements than threads", points=3)
def more_elements_than_threads(rng: random.Random) -> Iterator[Case]:
    for n in (GRID - 1, GRID + 1, 2 * GRID - 1, 2 * GRID + 1, 5 * GRID + 3):
        yield whole(rng, n, label=f"n = {n:,}, {GRID:,} threads")


@EXERCISE.check("beyond 2^31", points=2)
def beyond(rng: random.Random) -> Iterator[Case]:
    first, last = 2**31 - 500, 2**31 + 7
    x = values.bits(rng, last - first)
    yield Case(
        "copy_window",
        Sparse(last, torch.float32, first, torch.empty_like(x), "out", written=True),
        Sparse(last, torch.float32, first, x, "x"),
        first, last,
        expect=lambda: x, tol=BITS, max_blocks=BLOCKS, label="elements 2^31 - 500 to 2^31 + 7",
    )  # fmt: skip


@EXERCISE.check("whole sectors, written once", points=2, gate=True)
def whole_sectors(rng: random.Random) -> Iterator[Case]:
    for n in (4096, 4099, GRID + 32 * 1024):
        excess = 2 * 28 * (n // 32)  # loads and stores of 32 sectors that need 4
        gates = (
            Gate("excess_sectors", target=0, baseline=excess, of="chunk_of_16"),
            Gate("writes_per_element_max", target=1, baseline=2, of="step_of_half_the_grid"),
        )
        yield whole(rng, n, label=f"n = {n:,}", trace=True, gates=gates)
