"""01/06 Slice rows: slices of fused matrices, of every element size, oracle, gates and hints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import torch

from kbk.grade import BITS, Case, Exercise, Gate, Read, Sparse, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Slice rows",
    kind="build",
    stars=3,
    minutes=30,
    points=15,
    functions=("slice_rows",),
    task="Copy some columns of a matrix whose rows lie apart, at any alignment, without waste.",
    hints=(
        "Rows are the unit: within one, bytes lie side by side; from one to the next, addresses "
        "may move to any alignment. A word of 16 bytes needs all rows of both tensors aligned.",
        "A warp a row. For the word, OR both addresses, the width and the stride in bytes: 16 must "
        "divide the result. A row that begins inside a sector has a head: the words up to the next "
        "sector. Give it a request of its own, so that each later one begins with a sector.",
        "`head = (32 - address of the row % 32) % 32 / sizeof(Word)`; lanes below `head` copy it; "
        "then `for (int64_t i = head + lane; i < width; i += 32) out[row * width + i] = start[i];`",
    ),
    reuses=("01/03: the test of an alignment", "01/04: a warp a row"),
    stub=("every element size", "uninitialized"),
    mutants={
        "ignores_the_stride": "rows apart",
        "vectors_on_unaligned_rows": "odd slices",
        "alignment_of_the_first_row": "rows apart",
        "elements_of_2_bytes": "every element size",
        "columns_counted_in_words": "every element size",
        "one_element_a_lane": "aligned",
        "begins_inside_a_sector": "unaligned",
        "row_offset_of_32_bits": "rows apart",
        "a_row_of_the_grid_a_row": "rows apart",
        "grid_of_0": "every element size",
        "two_words_a_lane": "aligned",
        "clears_out_first": "aligned",
    },
    is_copy=True,
)

DTYPES = (torch.uint8, torch.bfloat16, torch.float32, torch.int64)


def cut(
    rng: random.Random,
    rows: int,
    columns: int,
    col0: int,
    width: int,
    dtype: torch.dtype = torch.bfloat16,
    *,
    apart: int = 0,
    at: int = 0,
    out_at: int = 0,
    gates: tuple[Gate, ...] = (),
) -> Case:
    """A case; `apart` elements lie between rows, the tensors begin `at` and `out_at` late."""
    stride = columns + apart
    qkv = values.bits(rng, at + rows * stride, dtype=dtype)[at:]
    qkv = qkv.view(rows, stride)[:, :columns]
    out = torch.empty(out_at + rows * width, dtype=dtype)[out_at:].view(rows, width)
    label = (
        f"columns {col0} to {col0 + width} of [{rows}, {columns}] {str(dtype)[6:]}, stride {stride}"
    )
    return Case(
        "slice_rows", Write(out, "out"), Read(qkv, "qkv"), col0,
        expect=lambda: qkv[:, col0 : col0 + width], tol=BITS, label=label, gates=gates,
    )  # fmt: skip


@EXERCISE.check("every element size", points=3)
def every_element_size(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for col0, width in ((0, 4096), (4096, 1024), (5120, 1024)):  # q, k and v of Llama-3.1-8B
            yield cut(rng, 3, 6144, col0, width, dtype)
        yield cut(rng, 3, 100, 1, 33, dtype)
        yield cut(rng, 0, 64, 0, 32, dtype)
        yield cut(rng, 3, 64, 64, 0, dtype)


@EXERCISE.check("rows apart", points=3)
def rows_apart(rng: random.Random) -> Iterator[Case]:
    for dtype, apart in product(DTYPES, (64, 1, 3, 8)):
        yield cut(rng, 5, 256, 0, 64, dtype, apart=apart)
        yield cut(rng, 33, 96, 64, 32, dtype, apart=apart)
    yield cut(rng, 65_537, 3, 1, 1, torch.uint8)
    yield far_apart(rng)


def far_apart(rng: random.Random) -> Case:
    """A case whose third row begins behind byte 2^31; the rows before it hold zeros."""
    columns, width = 2**30 + 1, 100
    last = values.bits(rng, width, dtype=torch.uint8)
    qkv = Sparse(3 * columns, torch.uint8, 2 * columns + 1, last, "qkv", shape=(3, columns))
    out = torch.empty(3, width, dtype=torch.uint8)
    return Case(
        "slice_rows", Write(out, "out"), qkv, 1,
        expect=lambda: torch.stack([torch.zeros_like(last)] * 2 + [last]),
        label=f"columns 1 to {1 + width} of [3, 2^30 + 1] uint8",
    )  # fmt: skip


@EXERCISE.check("odd slices", points=3)
def odd_slices(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for col0, width in ((1, 64), (7, 1), (3, 33), (5, 100), (64, 127), (0, 199), (17, 128)):
            yield cut(rng, 4, 200, col0, width, dtype)
        yield cut(rng, 4, 256, 0, 64, dtype, at=1)
        yield cut(rng, 4, 256, 0, 64, dtype, out_at=1)


@EXERCISE.check("aligned", points=3, gate=True)
def aligned(rng: random.Random) -> Iterator[Case]:
    for dtype, (col0, width) in product(DTYPES, ((0, 1024), (1024, 160), (1536, 512))):
        most, elements = 4 * -(-width * dtype.itemsize // 512), 4 * -(-width // 32)
        gates = tuple(
            Gate(counter, target=most, baseline=elements, of="one_element_a_lane")
            for counter in ("requests_ld:qkv", "requests_st:out")
        )
        pairs = 4 * (width * dtype.itemsize // 1024)  # of words a lane: half of each sector
        if pairs:
            excess = Gate("excess_sectors", target=0, baseline=64 * pairs, of="two_words_a_lane")
            gates = (excess, *gates)
        yield cut(rng, 4, 2048, col0, width, dtype, apart=64, gates=gates)


INSIDE = {  # sectors that a loop loads whose requests begin inside a sector, by col0 and width
    (1, 1025): (260, 388, 612, 1124),
    (3, 1000): (253, 347, 596, 1096),
    (7, 333): (85, 127, 211, 366),
}


@EXERCISE.check("unaligned", points=3, gate=True)
def unaligned(rng: random.Random) -> Iterator[Case]:
    for (at, dtype), (col0, width) in product(enumerate(DTYPES), INSIDE):
        gate = Gate(
            "sectors_ld:qkv",
            target=4 * (-(-width * dtype.itemsize // 32) + 2),
            baseline=INSIDE[col0, width][at],
            of="begins_inside_a_sector",
            leeway=8,
        )
        yield cut(rng, 4, 1101, col0, width, dtype, gates=(gate,))
