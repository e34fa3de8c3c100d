"""00/01 Who runs what: launch shapes, and the closed forms of the thread's number, warp and lane.

The closed form is the CUDA C++ Programming Guide's, section "Thread Hierarchy"; kernels that sign
what they write prove it in tests/grade/test_oracles_00.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from kbk.grade import Ask, Exercise
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Who runs what",
    kind="predict",
    stars=1,
    minutes=10,
    points=5,
    functions=("linear", "warp_lane", "element", "thread_map"),
    task="Say which number, warp and lane a thread has, which element it computes, and who writes "
    "a 4 x 16 output.",
    hints=(
        "A block is numbered like a book: along a line (x), then line by line (y), then page by "
        "page (z). Warps are cut from that numbering, not from rows.",
        "`linear` needs all three coordinates and two of the three dims. The other functions can "
        "call it: a warp is 32 numbers in a row. For `element`, count the threads of the blocks "
        "before block bx, along x only.",
        "tx + dims[0] * (...) with y and z in the bracket, z times the lines of a page; "
        "divmod(number, 32). In `thread_map`, read the two lines of the kernel backwards: "
        "tx = column % 8, tz = column // 8, ty = row.",
    ),
    stub=("linear", "wrong-answer"),
    mutants={
        "wrong_axis": "linear",
        "ignores_z": "linear",
        "warp_by_block": "warp and lane",
        "warp_by_row": "warp and lane",
        "off_by_one": "warp and lane",
        "warp_as_float": "warp and lane",
        "block_and_grid_swapped": "element",
        "column_as_float": "element",
        "map_by_rows": "thread map",
    },
)

Triple = tuple[int, int, int]
MAP_DIMS = (8, 4, 2)


def linear(tx: int, ty: int, tz: int, dims: Triple) -> int:
    """Number of a thread in its block, x fastest."""
    return tx + dims[0] * (ty + dims[1] * tz)


def warp_lane(tx: int, ty: int, tz: int, dims: Triple) -> tuple[int, int]:
    """Warp and lane of a thread: the block's numbering, cut every 32."""
    return divmod(linear(tx, ty, tz, dims), 32)


def element(bx: int, tx: int, dims: Triple) -> int:
    """Column of a thread of block bx: the blocks before it have dims[0] columns each."""
    return bx * dims[0] + tx


def thread_map() -> list[list[tuple[int, int]]]:
    """(warp, lane) by row and column, filled by the threads one after the other."""
    drawn = [[(-1, -1)] * 16 for _ in range(4)]
    for tz in range(MAP_DIMS[2]):
        for ty in range(MAP_DIMS[1]):
            for tx in range(MAP_DIMS[0]):
                drawn[ty][8 * tz + tx] = warp_lane(tx, ty, tz, MAP_DIMS)
    return drawn


def shapes(rng: random.Random, count: int = 210) -> Iterator[Triple]:
    """Shapes of blocks that CUDA can launch (at most 1,024 threads, 64 along z), in 1 to 3
    dimensions by turns."""
    for turn in range(count):
        x = rng.choice([1, 2, 3, 5, 8, 16, 31, 32, 33, 64, 100, 256, 1000, 1024])
        y = z = 1
        if turn % 3 >= 1:
            y = rng.randint(2, max(2, min(1024 // x, 40)))
            x = min(x, 1024 // y)
        if turn % 3 == 2:
            z = rng.randint(2, max(2, min(1024 // (x * y), 64)))
            x = max(1, min(x, 1024 // (y * z)))
        yield (x, y, z)


def thread(rng: random.Random, dims: Triple) -> Triple:
    """A thread of a block, the last one every fourth time."""
    if rng.random() < 0.25:
        return (dims[0] - 1, dims[1] - 1, dims[2] - 1)
    return (rng.randrange(dims[0]), rng.randrange(dims[1]), rng.randrange(dims[2]))


@EXERCISE.check("linear", points=1, closed_form=True)
def numbers(rng: random.Random) -> Iterator[Ask]:
    for dims in shapes(rng):
        at = thread(rng, dims)
        yield Ask("linear", *at, dims, expect=linear(*at, dims))


@EXERCISE.check("warp and lane", points=2, closed_form=True)
def warps(rng: random.Random) -> Iterator[Ask]:
    for dims in shapes(rng):
        at = thread(rng, dims)
        yield Ask("warp_lane", *at, dims, expect=warp_lane(*at, dims))


@EXERCISE.check("element", points=1, closed_form=True)
def elements(rng: random.Random) -> Iterator[Ask]:
    for dims in shapes(rng):
        bx, tx = rng.choice([0, 1, rng.randrange(2**16)]), rng.randrange(dims[0])
        yield Ask("element", bx, tx, dims, expect=element(bx, tx, dims))


@EXERCISE.check("thread map", points=1, closed_form=True)
def drawing(rng: random.Random) -> Iterator[Ask]:
    yield Ask("thread_map", expect=thread_map)
