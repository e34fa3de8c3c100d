"""What all pictures of one request have: a heading with its numbers, and the row of its lanes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from kbk.draw.canvas import Canvas
from kbk.draw.requests import LANES, Request
from kbk.draw.sheet import WIDTH, Sheet, shortened, text_width
from kbk.draw.theme import Fill

HEIGHT = 0.2
RIGHT = WIDTH - 0.05
ASKED, SEVERAL, TOO_MANY = 0, 3, 1
"""Numbers of fills: of what one lane asks for, of what several do, of wavefronts in excess."""


def heading(sheet: Sheet, y: float, title: str, request: Request, counts: str) -> None:
    """Title, kind of access and source line at the left, the numbers at the right."""
    sheet.text(RIGHT, y, counts, at="right middle")
    x, end = 0.05, RIGHT - text_width(counts) - 0.2
    for text, bold, mono in (
        (title, True, False),
        (request.what, not title, False),
        (request.text, False, True),
    ):
        shown = shortened(text, end - x, mono=mono)
        if len(shown) > 1:
            sheet.text(x, y, shown, bold=bold, mono=mono)
            x += text_width(shown, mono=mono, bold=bold) + 0.14


def row(sheet: Canvas, left: float, y: float, lanes: Collection[int]) -> None:
    """The 32 lanes from `left` to the right end; those that take no part are dotted."""
    theme = sheet.theme
    slot = (RIGHT - left) / LANES
    fill = theme.fill(ASKED)
    sheet.text(left - 0.1, y + HEIGHT / 2, "lanes", at="right middle")
    for takes_part in (False, True):
        mine = [lane for lane in range(LANES) if (lane in lanes) == takes_part]
        boxes = [(left + lane * slot, y, slot, HEIGHT) for lane in mine]
        if takes_part:
            sheet.boxes(boxes, fill, line=0.6)
        else:
            sheet.boxes(boxes, edge=theme.line, line=0.6, style=":")
        names = [(left + (lane + 0.5) * slot, y + HEIGHT / 2, str(lane)) for lane in mine]
        numbers(sheet, names, fill.text if takes_part else theme.faint)


def numbers(sheet: Sheet, names: Iterable[tuple[float, float, str]], color: str = "") -> None:
    """Texts around points. Different numbers share their digits in a file; `labels` would not."""
    for x, y, text in names:
        sheet.text(x, y, text, color=color, at="center middle")


def legend(
    sheet: Sheet, left: float, y: float, entries: Sequence[tuple[bool, str, Fill | None, str]]
) -> None:
    """Boxes with what they mean: of each whether it is wanted, its text, its fill or its hatch."""
    x = left
    for wanted, text, fill, hatch in entries:
        if wanted:
            sheet.box(x, y, 0.26, 0.13, fill, hatch=hatch)
            sheet.text(x + 0.32, y + 0.065, text)
            x += 0.32 + text_width(text) + 0.25
