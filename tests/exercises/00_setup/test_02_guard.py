"""00/02 The guard: sizes around a warp and a block, and one that no block divides; a view that
begins at an odd place; values that are special."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Update, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="The guard",
    kind="fill",
    stars=1,
    minutes=8,
    points=5,
    functions=("scale",),
    task="Compute the index of each thread's element in `scale`, and stop the threads that have "
    "none.",
    hints=(
        "Every thread runs the same lines. What differs is threadIdx and blockIdx: from them each "
        "thread finds its own element. Blocks come whole, so most launches have threads to spare.",
        "In the body of `scale_kernel`: the blocks before this one have blockDim.x threads each. "
        "The last block reaches past n unless kThreads divides n; a thread whose index is n or "
        "more must neither read nor write.",
        "const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; then an `if` around "
        "the one assignment to out[i]. The elements are 0 to n - 1.",
    ),
    stub=("every size", "uninitialized"),
    mutants={
        "less_or_equal": "every size",
        "no_guard": "every size",
        "guard_on_block": "every size",
        "without_the_last": "every size",
        "first_block_only": "every size",
        "at_most_4096_blocks": "every size",
        "four_at_a_time": "every size",
        "drops_nan": "every size",
        "clamps": "every size",
        "empty_grid": "no elements",
        "last_element_again": "written once",
        "one_thread": "written once",
        "tail_on_the_host": "every size",
    },
)


SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 0.0, 2.0**-149, 2.0**-127, torch.finfo().max]


def case(rng: random.Random, x: Tensor, label: str, **options: object) -> Case:
    """Scale x by a number that float32 holds, so that one rounding is left."""
    a = values.uniform(rng, 1).item()
    return Case(
        "scale",
        Write(torch.empty_like(x), "out"),
        Read(x, "x"),
        a,
        expect=lambda: a * x.double(),
        label=label,
        **options,  # type: ignore[arg-type]
    )


def special(a: float) -> Case:
    """Out holds numbers before: where a NaN belongs, one that nobody wrote counts as wrong."""
    x = torch.tensor(SPECIAL)
    return Case(
        "scale",
        Update(torch.full_like(x, 7.0), "out"),
        Read(x, "x"),
        a,
        expect=lambda: a * x.double(),
        label=f"special values, a = {a}",
    )


@EXERCISE.check("every size", points=3)
def every_size(rng: random.Random) -> Iterator[Case]:
    for n in (1, 31, 32, 33, 1000, 2**20 + 7):
        yield case(rng, values.uniform(rng, n), f"n = {n:,}")
    yield case(rng, values.uniform(rng, 1001)[1:], "a view that begins at element 1")
    for a in (1.0, -2.0):
        yield special(a)


@EXERCISE.check("no elements", points=1)
def no_elements(rng: random.Random) -> Iterator[Case]:
    yield case(rng, torch.empty(0), "n = 0", launches=0)


@EXERCISE.check("written once", points=1, gate=True)
def written_once(rng: random.Random) -> Iterator[Case]:
    for n in (33, 1000):
        spare = 256 * -(-n // 256) - n  # threads, which write the last element again
        once = Gate(
            "writes_per_element_max", target=1, baseline=1 + spare, of="last_element_again",
            why="A common reason: threads that have no element write, too.",
        )  # fmt: skip
        yield case(rng, values.uniform(rng, n), f"n = {n:,}", min_threads=32, gates=(once,))
