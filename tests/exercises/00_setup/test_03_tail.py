"""00/03 The tail that nobody wrote: a grid that is rounded down, and what goes wrong in mending it.

Their test takes 16 whole blocks. One case appends behind element 2**31 + 1000 of a cache of which
only that window exists: a position of 32 bits turns negative there. Inputs are any bits, NaNs among
them: an append moves values and never looks at them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import torch

from kbk.grade import BITS, Case, Exercise, Read, Sparse, Update, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="The tail that nobody wrote",
    kind="fix",
    stars=1,
    minutes=12,
    points=10,
    functions=("append",),
    task="`append` leaves out values when their number is no multiple of the block. Find them, and "
    "mend the kernel with one launch.",
    hints=(
        "Integer division rounds down. The message names the range that nobody wrote: compare its "
        "first index with the number of threads that were launched.",
        "The number of blocks in the launch: n / kThreads blocks have fewer than n threads unless "
        "kThreads divides n. Once there are enough blocks there are threads to spare, and the "
        "kernel does not know n.",
        "Launch ceil_div(n, kThreads) blocks, give the kernel a parameter int64_t n, and let only "
        "threads with i < n copy.",
    ),
    reuses=("00/02",),
    is_copy=True,
    sources=("https://github.com/xlite-dev/LeetCUDA/issues/295",),
    stub=("every size", "uninitialized"),
    mutants={
        "no_guard": "every size",
        "empty_grid": "every size",
        "drops_nan": "every size",
        "block_of_zero": "every size",
        "grid_in_elements": "one launch",
        "second_launch": "one launch",
        "ignores_at": "behind what is there",
        "at_most_4096_blocks": "large",
        "int32": "large",
        "tail_on_the_host": "every size",
    },
)


def whole(rng: random.Random, n: int, **options: object) -> Case:
    """Fill an empty cache of n values."""
    x = values.bits(rng, n)
    x[-1:] = math.nan
    return Case(
        "append",
        Write(torch.empty_like(x), "cache"),
        Read(x, "x"),
        0,
        expect=lambda: x,
        label=f"n = {n:,}",
        tol=BITS,
        **options,  # type: ignore[arg-type]
    )


def behind(rng: random.Random, n: int, at: int, room: int) -> Case:
    """Append n values behind `at` others and leave `room` elements after them alone."""
    x, cache = values.bits(rng, n), values.bits(rng, at + n + room)
    return Case(
        "append",
        Update(cache, "cache"),
        Read(x, "x"),
        at,
        expect=lambda: torch.cat([cache[:at], x, cache[at + n :]]),
        label=f"n = {n:,} at {at:,}",
        tol=BITS,
    )


@EXERCISE.check("their test", points=0)
def their_test(rng: random.Random) -> Iterator[Case]:
    x = values.normal(rng, 4096)
    cache = Write(torch.empty_like(x), "cache")
    yield Case("append", cache, Read(x, "x"), 0, expect=lambda: x, label="n = 4,096")


@EXERCISE.check("every size", points=5)
def every_size(rng: random.Random) -> Iterator[Case]:
    for n in (1000, 33, 32, 31, 1):
        yield whole(rng, n)
    yield whole(rng, 0, launches=0)


@EXERCISE.check("behind what is there", points=1)
def behind_others(rng: random.Random) -> Iterator[Case]:
    yield behind(rng, 300, 1, 300)
    yield behind(rng, 257, 4096, 0)


@EXERCISE.check("one launch", points=1)
def one_launch(rng: random.Random) -> Iterator[Case]:
    for n in (257, 1000):  # blocks of a warp each are small enough
        yield whole(rng, n, launches=1, max_blocks=-(-n // 32))


@EXERCISE.check("large", points=2)
def large(rng: random.Random) -> Iterator[Case]:
    yield whole(rng, 2**20 + 7)
    x, at = values.bits(rng, 507), 2**31 + 1000
    yield Case(
        "append",
        Sparse(at + 700, torch.float32, at, torch.empty_like(x), "cache", written=True),
        Read(x, "x"),
        at,
        expect=lambda: x,
        tol=BITS,
        label=f"n = 507 at {at:,}",
    )


@EXERCISE.check("by the kernel", points=1, gate=True)
def by_the_kernel(rng: random.Random) -> Iterator[Case]:
    for n in (257, 1000):
        yield whole(rng, n, trace=True)
