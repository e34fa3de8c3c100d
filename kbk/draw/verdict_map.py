"""A map of an output beside that of what it must be: which elements are right, wrong, unwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbk.draw import lanes
from kbk.draw.canvas import Box, Canvas
from kbk.draw.picture import Picture
from kbk.draw.requests import ranges
from kbk.draw.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

RIGHT, WRONG, NOBODY = range(3)
"""States of an element; a cell of several has the worst of them."""
_ACROSS, _MOST_ROWS = 32, 32
_LEFT, _GAP, _TOP = 0.05, 0.5, 0.36
_SIDE = (lanes.RIGHT - _LEFT - _GAP) / 2 / _ACROSS
_MOST_RANGES = 6


def picture_of(name: str, case: str, states: Tensor, first: int = 0) -> Picture:
    """The picture of one output.

    Args:
        name: of the output.
        case: which call it comes from.
        states: RIGHT, WRONG or NOBODY by element, any shape.
        first: number of the first element, for a window of a larger tensor.
    """
    flat = states.flatten()
    each = -(-flat.numel() // (_ACROSS * _MOST_ROWS))  # elements a cell
    cells = [int(part.max()) for part in flat.split(each)]
    wrong, nobody = (int((flat == state).sum()) for state in (WRONG, NOBODY))
    total = f"{flat.numel():,} elements"
    told = [
        *([f"{wrong:,} of {total} of {name} are wrong"] if wrong else []),
        *([f"{nobody:,} of {total} of {name} were written by nobody"] if nobody else []),
    ]
    caption = f"{case + ': ' if case else ''}{'; '.join(told)}. At the right, {name} as it must be."
    rows = [
        [word, f"{int((flat == state).sum()):,}", _named(name, flat == state, first)]
        for state, word in ((RIGHT, "right"), (WRONG, "wrong"), (NOBODY, "written by nobody"))
    ]
    size = "an element" if each == 1 else f"{each:,} elements"
    alt = (
        f"Two maps of {name} side by side, {_ACROSS} cells a row, a cell for {size}. Left, yours: "
        + "; ".join(f"{word} {number}: {where}" for word, number, where in rows if number != "0")
        + f". Right, the target: all {total} right."
    )
    head = ["elements", "how many", "which"]
    return Picture(caption, alt, head, rows, lambda theme: _draw(theme, cells))


def _named(name: str, mask: Tensor, first: int) -> str:
    """Which elements, by their numbers in order."""
    numbers = (mask.nonzero().flatten() + first).tolist()
    if not numbers:
        return ""
    found = ranges(numbers[: 1 << 16]).split(", ")
    more = len(found) > _MOST_RANGES or len(numbers) > 1 << 16
    return f"{name}, element {', '.join(found[:_MOST_RANGES])}{' and more' * more}"


def _draw(theme: Theme, cells: list[int]) -> Figure:
    height = _TOP + -(-len(cells) // _ACROSS) * _SIDE
    sheet = Canvas(theme, height + 0.42)
    second = _LEFT + _ACROSS * _SIDE + _GAP
    for left, title, states in (
        (_LEFT, "yours", cells),
        (second, "the target", [RIGHT] * len(cells)),
    ):
        sheet.text(left, 0.14, title, bold=True)
        for state in (RIGHT, WRONG, NOBODY):
            boxes: list[Box] = [
                (left + at % _ACROSS * _SIDE, _TOP + at // _ACROSS * _SIDE, _SIDE, _SIDE)
                for at, each in enumerate(states)
                if each == state
            ]
            if state == NOBODY:
                sheet.boxes(boxes, edge=theme.line, line=0.5, style=":")
            else:
                sheet.boxes(boxes, theme.fill(state), line=0.3)
    entries = [
        (True, "right", theme.fill(RIGHT), ""),
        (WRONG in cells, "wrong", theme.fill(WRONG), ""),
        (NOBODY in cells, "written by nobody", None, ""),
    ]
    lanes.legend(sheet, _LEFT, height + 0.2, entries)
    return sheet.figure
