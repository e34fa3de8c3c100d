"""00/01 Who runs what: launch shapes, and kernels whose threads sign what they write.

One thread of a launch writes, and the trace of that write says in which warp and lane it was and
where it wrote. tests/grade/test_oracles_00.py compares with the closed form of the CUDA C++
Programming Guide, section "Thread Hierarchy".
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from kbk.grade import Ask, Exercise, Probe
from kbk.grade.probe import Traced, lanes
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

PROBE = Probe(
    "who_runs_what",
    r"""
__global__ void one_thread(int* out, unsigned tx, unsigned ty, unsigned tz) {
  if (threadIdx.x == tx && threadIdx.y == ty && threadIdx.z == tz) out[0] = 1;
}
// settings: tx, ty, tz and the dims of the block.
void threads(Tensor out, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  for (int64_t i = 0; i < settings.size(0); ++i, s += 6)
    one_thread<<<1, dim3(s[3], s[4], s[5])>>>(out.mutable_data_ptr<int>(), s[0], s[1], s[2]);
}

__global__ void one_column(int* out, unsigned bx, unsigned tx) {
  const unsigned column = blockIdx.x * blockDim.x + threadIdx.x;
  if (blockIdx.x == bx && threadIdx.x == tx && threadIdx.y == 0 && threadIdx.z == 0)
    out[column] = 1;
}
// settings: bx, tx and the dims of the block.
void columns(Tensor out, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  for (int64_t i = 0; i < settings.size(0); ++i, s += 5)
    one_column<<<s[0] + 1, dim3(s[2], s[3], s[4])>>>(out.mutable_data_ptr<int>(), s[0], s[1]);
}

__global__ void draw(int* out, const int* x) {
  const int row = threadIdx.y;
  const int column = 8 * threadIdx.z + threadIdx.x;
  out[16 * row + column] = x[16 * row + column];
}
void drawing(Tensor out, const Tensor& x) {
  draw<<<1, dim3(8, 4, 2)>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
""",
    ["threads", "columns", "drawing"],
)

Triple = tuple[int, int, int]
BLOCKS = 64  # of the widest grid


def table(settings: Sequence[tuple[Any, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
    """An output with room for every column, and the settings with their dims, row by row."""
    rows = [[*setting[:-1], *setting[-1]] for setting in settings]
    return torch.zeros(BLOCKS * 1024, dtype=torch.int32), torch.tensor(rows)


def place(launch: Traced) -> tuple[int, int]:
    """Warp and lane of the only thread that wrote."""
    rows = launch.stores("out")
    ((lane,),) = lanes(rows)
    return int(rows["warp"][0]), lane


def linear(launch: Traced) -> int:
    """Its number in the block: warps are 32 numbers in a row."""
    warp, lane = place(launch)
    return 32 * warp + lane


def element(launch: Traced) -> int:
    """The column in which it wrote."""
    _, lane = place(launch)
    return int(launch.stores("out")["address"][0, lane]) // 4


def thread_map(launch: Traced) -> list[list[tuple[int, int]]]:
    """(warp, lane) by row and column, from where each lane wrote."""
    drawn = [[(-1, -1)] * 16 for _ in range(4)]
    rows = launch.stores("out")
    for request, active in zip(rows, lanes(rows), strict=True):
        for lane in active:
            row, column = divmod(int(request["address"][lane]) // 4, 16)
            drawn[row][column] = (int(request["warp"]), lane)
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


def threads(rng: random.Random) -> Iterator[tuple[int, int, int, Triple]]:
    """A thread of each shape."""
    for dims in shapes(rng):
        yield (*thread(rng, dims), dims)


def columns(rng: random.Random) -> Iterator[tuple[int, int, Triple]]:
    """A block of a row of them, and a thread along x."""
    for dims in shapes(rng):
        yield rng.choice([0, 1, rng.randrange(BLOCKS)]), rng.randrange(dims[0]), dims


@EXERCISE.check("linear", points=1)
def numbers(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("linear", threads(rng), runs="threads", call=table, answer=linear)


@EXERCISE.check("warp and lane", points=2)
def warps(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("warp_lane", threads(rng), runs="threads", call=table, answer=place)


@EXERCISE.check("element", points=1)
def elements(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("element", columns(rng), runs="columns", call=table, answer=element)


@EXERCISE.check("thread map", points=1)
def drawing(rng: random.Random) -> Iterator[Ask]:
    def call(settings: Sequence[tuple[Any, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.empty(64, dtype=torch.int32), torch.arange(64, dtype=torch.int32)

    yield from PROBE.asks("thread_map", [()], runs="drawing", call=call, answer=thread_map)
