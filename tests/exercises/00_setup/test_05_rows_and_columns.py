"""00/05 Rows and columns: which coordinate the lanes of a warp run along.

Gates: 96 rows of 264 columns, so that each row begins on a sector. (257 columns are checked for
their values: there a row begins inside a sector, which costs every kernel one more a request.)
The stub's warp takes one column of 32 rows: 32 sectors a request where its 128 bytes fill 4, both
for x and for out; 3 x 264 warps. A block of one thread has no excess, but a request an element: a
second gate bounds the requests by those of whole warps along a row.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import torch

from kbk.grade import Case, Exercise, Gate, Read, Update, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Rows and columns",
    kind="optimise",
    stars=1,
    minutes=15,
    points=10,
    functions=("add_bias",),
    task="`add_bias` is right and slow: its lanes walk down a column. Let them walk along a row, "
    "so that no request has excess sectors.",
    hints=(
        "The 32 lanes of a warp ask for memory together, and memory moves in sectors of 32 bytes. "
        "Neighbouring lanes should ask for neighbouring bytes. Lanes are neighbours in "
        "threadIdx.x; the columns of a row are neighbours in memory.",
        "The two lines that compute `row` and `column`, and the grid, which has as many blocks "
        "along x as the rows need: the three change together.",
        "Exchange .x and .y in the two index lines, and the arguments of `grid`: "
        "ceil_div(columns, kThreadsX) blocks along x, ceil_div(rows, kThreadsY) along y.",
    ),
    reuses=("00/02",),
    stub=("excess sectors", "too-much-traffic"),
    mutants={
        "without_the_last_column": "every shape",
        "bias_by_row": "every shape",
        "tile_not_covered": "every shape",
        "block_a_row": "every shape",
        "grid_row_by_row": "every shape",
        "empty_grid": "every shape",
        "drops_nan": "every shape",
        "clamps": "every shape",
        "swapped": "excess sectors",
        "thread_a_row": "excess sectors",
        "block_of_one": "excess sectors",
        "last_columns_on_the_host": "every shape",
        "last_rows_on_the_host": "every shape",
    },
)

ROWS, COLUMNS = 96, 264
MANY_ROWS = 65_537  # more than a grid may have along y
STUB_WARPS = ROWS // 32 * COLUMNS  # of the stub: 32 rows by one column each
STUB_EXCESS = 2 * STUB_WARPS * 28  # x and out, 32 sectors where 4 would do
ROW_REQUESTS = 2 * ROWS * -(-COLUMNS // 32)  # x and bias, 32 columns of a row a request


def case(rng: random.Random, rows: int, columns: int, **options: object) -> Case:
    x, bias = values.normal(rng, rows, columns), values.normal(rng, columns)
    return Case(
        "add_bias",
        Write(torch.empty_like(x), "out"),
        Read(x, "x"),
        Read(bias, "bias"),
        expect=lambda: x.double() + bias.double(),
        label=f"[{rows}, {columns}]",
        **options,  # type: ignore[arg-type]
    )


def special_values() -> Case:
    """All pairs. Out holds numbers before: where a NaN belongs, what nobody wrote is wrong."""
    special = [math.nan, math.inf, -math.inf, -0.0, 0.0, 2.0**-149, 1.0, torch.finfo().max]
    bias = torch.tensor(special)
    x = bias[:, None].expand(-1, len(special)).contiguous()
    return Case(
        "add_bias",
        Update(torch.full_like(x, 7.0), "out"),
        Read(x, "x"),
        Read(bias, "bias"),
        expect=lambda: x.double() + bias.double(),
        label="pairs of special values",
    )


@EXERCISE.check("every shape", points=4)
def every_shape(rng: random.Random) -> Iterator[Case]:
    for shape in ((1, 1), (1, 33), (33, 1), (33, 33), (100, 257), (257, 100), (ROWS, COLUMNS)):
        yield case(rng, *shape)
    for shape in ((2, 1500), (MANY_ROWS, 1)):
        yield case(rng, *shape)
    yield special_values()
    for shape in ((0, 33), (33, 0)):
        yield case(rng, *shape, launches=0)


@EXERCISE.check("excess sectors", points=6, gate=True)
def excess_sectors(rng: random.Random) -> Iterator[Case]:
    excess = Gate(
        "excess_sectors",
        target=0,
        baseline=STUB_EXCESS,
        why="The lanes of a request do not lie beside each other.",
    )
    requests = Gate(
        "requests_ld",
        target=ROW_REQUESTS,
        baseline=2 * ROWS * COLUMNS,
        of="block_of_one",
        why="Warps run with few of their 32 lanes.",
    )
    yield case(rng, ROWS, COLUMNS, gates=(excess, requests))
    yield case(rng, 33, 33, trace=True)  # kernels store the last row and column, too


@EXERCISE.timed
def timed(rng: random.Random) -> Iterator[Case]:
    yield case(rng, 2048, 4096)
