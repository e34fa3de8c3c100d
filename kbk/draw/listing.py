"""Draws a source with a strip of numbers and bars beside each of its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbk.draw import lanes
from kbk.draw.canvas import Canvas
from kbk.draw.lanes import ASKED, RIGHT
from kbk.draw.lines import Column, Row, number
from kbk.draw.sheet import text_width
from kbk.draw.theme import EXCESS, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches.
CODE, TOP, ROW, BAR, GAP = 0.4, 0.34, 0.165, 0.105, 0.12


@dataclass(frozen=True)
class _Strip:
    """Where one column stands: its numbers end at `numbers`, its bar begins at `bar`.

    Attributes:
        excess: where the numbers of the excess end; 0 if there are none.
        scale: inches of the bar for one.
    """

    column: Column
    numbers: float
    bar: float
    width: float
    excess: float
    scale: float


def draw(
    theme: Theme, rows: Sequence[Row], columns: Sequence[Column], totals: Sequence[float]
) -> Figure:
    """The figure; `totals` are those of all lines, empty if they do not add up."""
    strips = _strips(rows, columns, totals)
    room = strips[0].numbers - _number_width(strips[0].column, rows, totals, 0) - CODE - 2 * GAP
    texts = [_wrapped(row.text, room) for row in rows]
    height = TOP + ROW * sum(map(len, texts)) + (0.3 if totals else 0.06)
    sheet = Canvas(theme, height + 0.26)
    for strip in strips:
        _head(sheet, strip)
    y = TOP
    for row, lines in zip(rows, texts, strict=True):
        _code(sheet, y, row, lines)
        if row.counters:
            across = [(CODE, y + ROW * len(lines)), (RIGHT, y + ROW * len(lines))]
            sheet.rules([across], color=theme.line, width=0.3)
            for strip in strips:
                _counter(sheet, y + ROW / 2, strip, row.counters)
        y += ROW * len(lines)
    if totals:
        sheet.rules([[(CODE, y + 0.05), (RIGHT, y + 0.05)]], width=0.8)
        sheet.text(CODE, y + 0.15, "all lines", bold=True)
        _totals(sheet, y + 0.15, strips, totals)
    excess = any(strip.column.excess_of(row.counters) for strip in strips for row in rows)
    entries = [
        (True, "to the scale of its column", theme.fill(ASKED), ""),
        (excess, "beyond the ideal", None, EXCESS),
    ]
    lanes.legend(sheet, CODE, height + 0.06, entries)
    return sheet.figure


def _number_width(
    column: Column, rows: Sequence[Row], totals: Sequence[float], which: int
) -> float:
    values = [column.cells(row.counters)[which] for row in rows if row.counters]
    return max(text_width(number(value), bold=True) for value in [*values, sum(values)])


def _strips(
    rows: Sequence[Row], columns: Sequence[Column], totals: Sequence[float]
) -> list[_Strip]:
    """The columns, from the right end to the left."""
    width = 0.62 if len(columns) < 3 else 0.4
    strips: list[_Strip] = []
    right = RIGHT
    for column in reversed(columns):
        excess = 0.0
        if column.excess:
            excess = right
            right -= max(_number_width(column, rows, totals, 1), text_width("excess")) + GAP
        digits = _number_width(column, rows, totals, 0)
        # A title that is wider than what stands below it makes room for itself, within limits.
        wide = max(width, min(text_width(column.title), 1.2) - digits - 0.07)
        most = max(column.of(row.counters) for row in rows)
        bar = right - wide
        strips.append(_Strip(column, bar - 0.07, bar, wide, excess, wide / max(most, 1e-9)))
        right = bar - 0.07 - digits - 1.5 * GAP
    return strips[::-1]


def _head(sheet: Canvas, strip: _Strip) -> None:
    title, end = strip.column.title, strip.bar + strip.width
    sheet.text(end, 0.14, title, at="right middle", bold=True)
    if strip.excess:
        sheet.text(strip.excess, 0.14, "excess", at="right middle", bold=True)


def _code(sheet: Canvas, y: float, row: Row, lines: Sequence[str]) -> None:
    if row.number:
        color = "" if row.counters else sheet.theme.faint
        sheet.text(CODE - 0.1, y + ROW / 2, str(row.number), color=color, at="right middle")
    for i, text in enumerate(lines):
        color = "" if row.counters else sheet.theme.faint
        spaces = len(text) - len(text.lstrip())
        x = CODE + spaces * _letter()
        sheet.text(x, y + (i + 0.5) * ROW, text.strip(), mono=True, color=color)


def _counter(sheet: Canvas, y: float, strip: _Strip, counters: Mapping[str, float]) -> None:
    value, excess = strip.column.of(counters), strip.column.excess_of(counters)
    sheet.text(strip.numbers, y, number(value), at="right middle")
    if strip.excess:
        sheet.text(strip.excess, y, number(excess), at="right middle")
    fine = (value - excess) * strip.scale
    top = y - BAR / 2
    if fine > 0:
        sheet.box(strip.bar, top, fine, BAR, sheet.theme.fill(ASKED), line=0.6)
    if excess > 0:
        sheet.box(strip.bar + fine, top, excess * strip.scale, BAR, hatch=2 * EXCESS, line=0.6)


def _totals(sheet: Canvas, y: float, strips: Sequence[_Strip], totals: Sequence[float]) -> None:
    left = iter(totals)
    for strip in strips:
        for end in (strip.numbers, strip.excess) if strip.excess else (strip.numbers,):
            sheet.text(end, y, number(next(left)), at="right middle", bold=True)


def _letter() -> float:
    """Inches of one letter of code."""
    return (text_width("m" * 11, mono=True) - text_width("m", mono=True)) / 10


def _wrapped(text: str, room: float) -> list[str]:
    """A line of code in pieces that fit; what is continued stands four columns further in."""
    columns = max(int(room / _letter()), 16)
    text = text.expandtabs(4).rstrip()
    pieces, indent = [], len(text) - len(text.lstrip()) + 4
    while len(text) > columns:
        cut = text.rfind(" ", indent + 4, columns + 1)
        cut = cut if cut > 0 else columns
        pieces.append(text[:cut])
        text = " " * min(indent, columns // 2) + text[cut:].lstrip()
    return [*pieces, text]
