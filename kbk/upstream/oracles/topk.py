"""`fast_topk_interface` and its two forms: the 2,048 largest scores of each row, in any order.

    indices    i of [0, length), relative to the row's start
    transform  page_table[request][i]
    ragged     i + offset[row]

Of a row of at most 2,048 scores the answer is 0, 1, ..., length - 1, and then -1. Of a longer one
it is right if its places are distinct, all scores above the 2,048th largest are among them, and the
rest equal that one: which of equal scores are picked is free. Scores are compared, never computed:
there is no tolerance. Around a row lie scores that would win, if they were read.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Output, Target
from kbk.upstream.check import WORST, Mistake, Wrong, poisoned, shown

PICKED = 2048
_OUTSIDE = 1e30
_Scores = Callable[[int, Generator], Tensor]
_Indices = Callable[[int, Tensor], Tensor]  # (row, its output) -> indices, -1 where there is none


def rows_right(
    name: str, rows: list[Tensor], indices: _Indices
) -> Callable[[Tensor], Mistake | None]:
    """A check of all rows.

    Args:
        name: of the output.
        rows: the scores of each row.
        indices: turns a row of the output into places in the row of scores.
    """

    def check(actual: Tensor) -> Mistake | None:
        count, worst, told = 0, [], ""
        for row, scores in enumerate(rows):
            wrong, found = _row(row, scores, indices(row, actual[row]).long())
            if wrong and not told:
                first = found[0]
                told = f"; row {row}, of {len(scores):,} scores: {first.got}, not {first.expected}"
            count += wrong
            worst += found
        if not count:
            return None
        total = PICKED * len(rows)
        text = f"{count:,} of {total:,} picks in {name} are wrong{told}"
        return Mistake(name, text, count, total, tuple(worst[:WORST]))

    return check


def _row(row: int, scores: Tensor, picked: Tensor) -> tuple[int, list[Wrong]]:
    """How many picks of a row are wrong, and some of them."""
    length = len(scores)
    if length <= PICKED:
        want = torch.arange(PICKED)
        want[length:] = -1
        at = (picked != want).nonzero().flatten().tolist()
        return len(at), [
            Wrong((row, each), shown(int(picked[each])), shown(int(want[each])))
            for each in at[:WORST]
        ]
    least = float(torch.topk(scores, PICKED).values[-1])
    inside = (picked >= 0) & (picked < length)
    places = torch.unique(picked[inside])
    value = scores[places]
    above = int((scores > least).sum())
    right = int((value > least).sum()) + min(int((value == least).sum()), PICKED - above)
    if right == PICKED:
        return 0, []
    seen, found = set[int](), list[Wrong]()
    for position, place in enumerate(picked.tolist()):
        if not 0 <= place < length:
            got = f"place {place}"
        elif place in seen:
            got = f"place {place} again"
        elif float(scores[place]) < least:
            got = f"a score of {float(scores[place]):.9g}"
        else:
            seen.add(place)
            continue
        found.append(Wrong((row, position), got, f"one of at least {least:.9g}"))
    if not found:
        found.append(Wrong((row,), f"{least:.9g} too often", "all the larger scores"))
    return PICKED - right, found[:WORST]


def _normal(length: int, generator: Generator) -> Tensor:
    return torch.randn(length, generator=generator)


def _equal(length: int, _: Generator) -> Tensor:
    return torch.full((length,), -1.25)


def _mostly_zero(length: int, generator: Generator) -> Tensor:
    return (torch.randn(length, generator=generator) - 1.3).relu()


def _beyond_half(length: int, generator: Generator) -> Tensor:
    return 1e5 * torch.randn(length, generator=generator)


def _low_bits(length: int, generator: Generator) -> Tensor:
    """They differ in their last ten bits alone."""
    bits = torch.randint(0, 1024, (length,), generator=generator) + 0x3F800000
    return bits.int().view(torch.float32)


def _narrow(length: int, generator: Generator) -> Tensor:
    return 1 + 1e-3 * torch.randn(length, generator=generator)


class _Rows:
    """Scores of rows in one tensor, wider than they are.

    Attributes:
        scores: float32 [b, width], a view of a wider tensor.
        lengths, starts: int32 [b].
        rows: the scores of each.
    """

    def __init__(
        self, lengths: tuple[int, ...], make: _Scores, generator: Generator, starts: bool
    ) -> None:
        first = [3 + 5 * row if starts else 0 for row in range(len(lengths))]
        width = max(begin + length for begin, length in zip(first, lengths, strict=True))
        self.rows = [make(length, generator) for length in lengths]
        wider = torch.full((len(lengths), width + 9), _OUTSIDE)
        self.scores = wider[:, :width]
        for row, (begin, values) in enumerate(zip(first, self.rows, strict=True)):
            self.scores[row, begin : begin + len(values)] = values
        self.lengths = torch.tensor(lengths, dtype=torch.int32)
        self.starts = torch.tensor(first, dtype=torch.int32) if starts else None


_LENGTHS = (0, 1, 2047, 2048, 2049, 5000)


def _plain(
    name: str,
    make: _Scores = _normal,
    lengths: tuple[int, ...] = _LENGTHS,
    starts: bool = False,
    known: str = "",
    sanitize: bool = True,
) -> Case:
    def call(generator: Generator) -> Call:
        rows = _Rows(lengths, make, generator, starts)
        out = poisoned((len(lengths), PICKED), torch.int32)
        check = rows_right("indices", rows.rows, lambda _, row: row)
        arguments = (rows.scores, out, rows.lengths, rows.starts)
        return Call(arguments, (Output("indices", out, check),))

    evidence = ("wrong-answer",) if known else ()
    return Case(name, "fast_topk_interface", call, False, known, evidence, sanitize)


def _transform(name: str, requests: tuple[int, ...], starts: bool = False) -> Case:
    """`requests`: how many rows each request has."""
    lengths = (1, 2048, 2049, 5000)

    def call(generator: Generator) -> Call:
        rows = _Rows(lengths, _normal, generator, starts)
        width = max(lengths) + 7
        pages = torch.stack([torch.randperm(width, generator=generator) for _ in requests]).int()
        ends = torch.tensor((0, *requests)).cumsum(0).int()
        out = poisoned((len(lengths), PICKED), torch.int32)
        owner = torch.repeat_interleave(torch.arange(len(requests)), torch.tensor(requests))
        back = pages.argsort(dim=1)

        def place(row: int, found: Tensor) -> Tensor:
            known = (found >= 0) & (found < width)
            places = back[owner[row]][found.long().clamp(0, width - 1)]
            return torch.where(known, places, torch.where(found == -1, -1, -2))

        check = rows_right("dst_page_table", rows.rows, place)
        arguments = (rows.scores, rows.lengths, out, pages, ends, rows.starts)
        return Call(arguments, (Output("dst_page_table", out, check),))

    return Case(name, "fast_topk_transform_interface", call)


def _ragged(name: str, starts: bool = False) -> Case:
    lengths = (7, 2048, 2049, 4100)

    def call(generator: Generator) -> Call:
        rows = _Rows(lengths, _normal, generator, starts)
        offsets = torch.tensor([0, 40, 9000, 123456], dtype=torch.int32)
        out = poisoned((len(lengths), PICKED), torch.int32)

        def place(row: int, found: Tensor) -> Tensor:
            return torch.where(found == -1, -1, found - offsets[row])

        check = rows_right("topk_indices_ragged", rows.rows, place)
        arguments = (rows.scores, rows.lengths, out, offsets, rows.starts)
        return Call(arguments, (Output("topk_indices_ragged", out, check),))

    return Case(name, "fast_topk_transform_ragged_interface", call)


_DROPPED = (
    "candidates beyond a buffer are dropped where many scores agree in their first 8 bits as fp16 "
    "(sgl-project/sglang#36807)"
)

TARGET = Target(
    key="topk",
    title="the 2,048 largest scores",
    path="elementwise/topk.cu",
    functions=(
        "fast_topk_interface",
        "fast_topk_transform_interface",
        "fast_topk_transform_ragged_interface",
    ),
    cases=(
        _plain("normal"),
        _plain("normal, row starts", lengths=(2048, 3000), starts=True),
        _plain("all equal", _equal, (2049, 4500)),
        _plain("mostly zero", _mostly_zero, (6000,)),
        _plain("beyond fp16", _beyond_half, (3000,)),
        _plain("10 low bits", _low_bits, (5000,)),
        _transform("pages, a row a request", (1, 1, 1, 1)),
        _transform("pages, rows of requests", (2, 0, 2)),
        _transform("pages, rows of requests, row starts", (1, 3), starts=True),
        _ragged("ragged"),
        _ragged("ragged, row starts", starts=True),
        _plain("1 + 0.001 normal, 65,536", _narrow, (65536,), known=_DROPPED, sanitize=False),
        _plain("10 low bits, 65,536", _low_bits, (65536,), known=_DROPPED, sanitize=False),
    ),
    shape="2 rows of 8,192 normal scores",
    profiled=_plain("profiled", lengths=(8192, 8192)),
)
