"""01/04 Gather rows: ids good and bad, rows of any width, oracle, gates and hints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import BITS, Case, Exercise, Gate, Read, Sparse, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Gather rows",
    kind="optimise",
    stars=2,
    minutes=25,
    points=15,
    functions=("embedding",),
    task="Make the lanes of a warp read the table side by side, 16 bytes each where possible.",
    hints=(
        "What counts is what 32 lanes load at once. Lanes that work on one row load bytes that lie "
        "side by side; lanes that work on 32 rows load from 32 places.",
        "Give a row to a warp: divide the number of the thread by 32 for the row, and let lane l "
        "take the words l, l + 32, l + 64 and so on. Start 32 threads a row. Then let a word be "
        "16 bytes (`uint4`) where table, out and the bytes of a row allow it.",
        "`column = threadIdx.x % 32; column < width; column += 32`. In `launch_gather`, OR the two "
        "addresses and the bytes of a row: if 16 divides that, `return launch_words<uint4, "
        "Id>(out, ids, table);`. The kernel stays as it is: its width counts words.",
    ),
    reuses=("01/02: lanes side by side, indexes of 64 bits", "01/03: the test of an alignment"),
    stub=("whole sectors", "too-much-traffic"),
    mutants={
        "row_offset_of_32_bits": "beyond 2^31",
        "id_read_for_every_word": "few requests",
        "no_range_check": "every id",
        "last_partial_vector": "every width",
        "ids_cut_to_32_bits": "every id",
        "vectors_at_any_address": "any address",
        "alignment_of_the_table_alone": "any address",
        "alignment_of_out_alone": "any address",
        "alignment_to_8_bytes": "any address",
        "a_row_of_the_grid_a_row": "every width",
        "rows_of_at_most_4100": "every width",
    },
)

IDS = (torch.int32, torch.int64)
BFLOAT16 = torch.bfloat16


def expected(ids: Tensor, table: Tensor) -> Tensor:
    """Rows of the table; zeros for an id that has none."""
    known = (ids >= 0) & (ids < len(table))
    rows = table.view(torch.int16)[torch.where(known, ids, 0).long()]
    return (rows * known[:, None].short()).view(BFLOAT16)


def gather(
    ids: Tensor, table: Tensor, label: str, out: Tensor | None = None, trace=False, gates=()
) -> Case:
    """A case of given ids and table."""
    if out is None:
        out = torch.empty(len(ids), table.shape[1], dtype=BFLOAT16)
    return Case(
        "embedding", Write(out, "out"), Read(ids, "ids"), Read(table, "table"),
        expect=lambda: expected(ids, table), tol=BITS, label=label, trace=trace, gates=gates,
    )  # fmt: skip


@EXERCISE.check("every id", points=2)
def every_id(rng: random.Random) -> Iterator[Case]:
    vocab, width = 50, 4096
    table = values.bits(rng, vocab, width, dtype=BFLOAT16)
    outside = [-1, vocab, vocab + 5, -(2**31), 2**31 - 1]
    for dtype in IDS:
        ids = values.integers(rng, 12, high=vocab).tolist()
        yield gather(torch.tensor(ids, dtype=dtype), table, f"{str(dtype)[6:]} ids")
        yield gather(torch.tensor([7] * 5, dtype=dtype), table, "five times id 7")
        mixed = [0, *outside, vocab - 1, 3]
        yield gather(torch.tensor(mixed, dtype=dtype), table, f"ids {mixed}, vocab {vocab}")
    far = [3, 2**32 + 3, -(2**32) + 3, 2**40, 4]
    yield gather(torch.tensor(far), table, f"ids {far}, vocab {vocab}")


@EXERCISE.check("every width", points=2)
def every_width(rng: random.Random) -> Iterator[Case]:
    for width, rows, dtype in product((1, 7, 8, 33, 100, 264), (0, 1, 33, 70), IDS):
        table = values.bits(rng, 300, width, dtype=BFLOAT16)
        ids = values.integers(rng, rows, low=-3, high=303, dtype=dtype)
        yield gather(ids, table, f"rows = {rows}, width = {width}")
    for width, rows in ((1, 65_537), (12_289, 3), (16_392, 2)):
        table = values.bits(rng, 5, width, dtype=BFLOAT16)
        ids = values.integers(rng, rows, low=-1, high=6)
        yield gather(ids, table, f"rows = {rows:,}, width = {width:,}")


@EXERCISE.check("any address", points=1)
def any_address(rng: random.Random) -> Iterator[Case]:
    places = ((4096, 1, 0), (4096, 0, 1), (64, 4, 0), (64, 0, 4), (64, 4, 4), (33, 3, 1))
    for width, t_at, out_at in places:
        table = values.bits(rng, 20 * width + t_at, dtype=BFLOAT16)[t_at:].view(20, width)
        out = torch.empty(9 * width + out_at, dtype=BFLOAT16)[out_at:].view(9, width)
        ids = values.integers(rng, 9, high=20)
        label = f"width {width}, table {2 * t_at} and out {2 * out_at} bytes after a multiple of 16"
        yield gather(ids, table, label, out)


@EXERCISE.check("beyond 2^31", points=1)
def beyond(rng: random.Random) -> Iterator[Case]:
    width = 4100  # 8 does not divide it: a word is an element, and elements are what is counted
    first = 2**31 // width - 1  # the row after the next begins behind element 2^31
    rows = values.bits(rng, 4, width, dtype=BFLOAT16)
    vocab = first + len(rows)
    answer = torch.cat([rows[[0, 3, 1, 2]], torch.zeros_like(rows[:1])])
    for dtype in IDS:
        ids = torch.tensor([first, first + 3, first + 1, first + 2, vocab], dtype=dtype)
        table = Sparse(
            vocab * width, BFLOAT16, first * width, rows.flatten(), "table", shape=(vocab, width)
        )
        yield Case(
            "embedding",
            Write(torch.empty(len(ids), width, dtype=BFLOAT16), "out"),
            Read(ids, "ids"),
            table,
            expect=lambda: answer,
            tol=BITS,
            label=f"the rows around element 2^31 of the table, {str(dtype)[6:]} ids",
        )


def distinct(rng: random.Random, rows: int, vocab: int) -> Tensor:
    """Different ids in any order: no sector of the table serves two rows."""
    return torch.tensor(rng.sample(range(vocab), rows))


@EXERCISE.check("whole sectors", points=5, gate=True)
def whole_sectors(rng: random.Random) -> Iterator[Case]:
    rows, width = 32, 4096
    table = values.bits(rng, 40, width, dtype=BFLOAT16)
    # Thread per row: each of `width` requests takes 32 sectors where its 64 bytes need 2.
    gate = Gate("excess_sectors:table", target=0, baseline=30 * width * rows // 32)
    yield gather(distinct(rng, rows, 40), table, f"rows = {rows}, width = {width}", gates=(gate,))
    # Every element is stored by a kernel, those of a last odd row and column too.
    ids = distinct(rng, 33, 40)
    yield gather(ids, values.bits(rng, 40, 33, dtype=BFLOAT16), "rows = 33, width = 33", trace=True)


@EXERCISE.check("few requests", points=4, gate=True)
def few_requests(rng: random.Random) -> Iterator[Case]:
    for rows, width in ((32, 4096), (64, 264)):
        table = values.bits(rng, 80, width, dtype=BFLOAT16)
        most = rows * -(-2 * width // 512) + rows
        gate = Gate("requests_ld", target=most, baseline=(width + 1) * rows // 32)
        yield gather(
            distinct(rng, rows, 80), table, f"rows = {rows}, width = {width}", gates=(gate,)
        )


@EXERCISE.timed
def timed(rng: random.Random) -> Iterator[Case]:
    vocab, width, rows = 4000, 4096, 4096
    ids = values.integers(rng, rows, high=vocab)
    table = values.bits(rng, vocab, width, dtype=BFLOAT16)
    yield gather(ids, table, f"rows = {rows:,}, width = {width:,}")
