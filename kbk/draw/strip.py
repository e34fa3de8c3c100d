"""Draws strips: 32 lanes across the top, the sectors of their request below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from kbk.draw import lanes
from kbk.draw.canvas import Box, Canvas
from kbk.draw.elements import name_of, names_of
from kbk.draw.lanes import ASKED, RIGHT, SEVERAL
from kbk.draw.requests import LANES, Request
from kbk.draw.sectors import LINE, SECTOR, Sector, lines_of, mean
from kbk.draw.sheet import text_width
from kbk.draw.theme import EXCESS, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches.
LEFT = 0.66
ACROSS = RIGHT - LEFT
SLOT = ACROSS / LANES
SPAN, TAPE = 0.5, 0.26  # heights: of the lines below the lanes, of the sectors
STRIP, BETWEEN, LEGEND = 1.62, 0.2, 0.3
MOST_BOXES = 32  # of whole lines that are drawn without a break


def draw(theme: Theme, strips: Sequence[tuple[str, Request, Sequence[Sector]]]) -> Figure:
    """The figure: of each strip its title, its request and the sectors of that."""
    height = STRIP * len(strips) + BETWEEN * (len(strips) - 1)
    sheet = Canvas(theme, height + LEGEND)
    for number, (title, request, touched) in enumerate(strips):
        _strip(sheet, (STRIP + BETWEEN) * number, title, request, touched)
    sectors = [each for _, _, some in strips for each in some]
    _legend(sheet, height + 0.12, [request for _, request, _ in strips], sectors)
    return sheet.figure


def _strip(
    sheet: Canvas, top: float, title: str, request: Request, sectors: Sequence[Sector]
) -> None:
    numbers = (
        f"{len(sectors)} sector{'s' * (len(sectors) != 1)}, ideal {request.ideal}, "
        f"excess {request.excess}; {mean(sectors)} of {SECTOR} bytes used"
    )
    lanes.heading(sheet, top + 0.12, title, request, numbers)
    y = top + 0.42
    tape = y + lanes.HEIGHT + SPAN
    lanes.row(sheet, LEFT, y, request.lanes)
    sheet.text(LEFT - 0.1, tape + TAPE / 2, "sectors", at="right middle")
    ruler = _Ruler(sectors)
    _tape(sheet, tape, ruler, request, sectors)
    ways = [
        [
            (LEFT + (lane + 0.5) * SLOT, y + lanes.HEIGHT + 0.02),
            (ruler.place(address + request.bytes / 2), tape - 0.02),
        ]
        for lane, address in zip(request.lanes, request.addresses, strict=True)
    ]
    sheet.rules(ways, color=sheet.theme.faint, width=0.6)
    _names(sheet, tape + TAPE, ruler, request, sectors)


class _Ruler:
    """Where on the sheet a byte of memory lies: whole lines if they fit, else with breaks."""

    def __init__(self, sectors: Sequence[Sector]) -> None:
        self.origin = sectors[0].line
        touched = [each.address for each in sectors]
        whole = [at + i * SECTOR for at in lines_of(sectors) for i in range(LINE // SECTOR)]
        self.whole = len(whole) <= MOST_BOXES
        self.boxes = whole if self.whole else touched
        breaks = sum(a + SECTOR != b for a, b in pairwise(self.boxes))
        self.gap = min(0.3, (0.25 if breaks < 12 else 0.16) * ACROSS / breaks) if breaks else 0.0
        each = min((ACROSS - breaks * self.gap) / len(self.boxes), ACROSS / (LINE // SECTOR))
        self.width = each
        x = LEFT + (ACROSS - each * len(self.boxes) - breaks * self.gap) / 2
        self.left: dict[int, float] = {}
        for i, at in enumerate(self.boxes):
            if i and self.boxes[i - 1] + SECTOR != at:
                x += self.gap
            self.left[at] = x
            x += each

    def place(self, byte: float) -> float:
        """Inches from the left edge of the sheet."""
        at = int(byte) - int(byte) % SECTOR
        return self.left[at] + (byte - at) / SECTOR * self.width

    def runs(self) -> list[list[int]]:
        """The boxes that follow each other in one line."""
        places = [(at - self.origin) // SECTOR for at in self.boxes]
        keyed = groupby(range(len(places)), lambda i: (places[i] - i, places[i] * SECTOR // LINE))
        return [[self.boxes[i] for i in run] for _, run in keyed]


def _tape(
    sheet: Canvas, y: float, ruler: _Ruler, request: Request, sectors: Sequence[Sector]
) -> None:
    theme = sheet.theme
    used = [each.address for each in sectors]
    excess = [each.address for each in sectors if each.excess]
    narrow = ruler.width < 0.25

    def boxes(addresses: Sequence[int]) -> list[Box]:
        return [(ruler.left[at], y, ruler.width, TAPE) for at in addresses]

    idle = [at for at in ruler.boxes if at not in set(used)]
    sheet.boxes(boxes(idle), edge=theme.line, line=0.6, style=":")
    sheet.boxes(boxes(excess), hatch=EXCESS, edge=None)
    asked: dict[int, list[int]] = {}
    for lane, address in zip(request.lanes, request.addresses, strict=True):
        asked.setdefault(address, []).append(lane)
    for number in (ASKED, SEVERAL):
        runs = [at for at, who in asked.items() if (len(who) > 1) == (number == SEVERAL)]
        spans = [
            (ruler.place(first), y, (end - first) / SECTOR * ruler.width, TAPE)
            for at in runs
            for first, end in _pieces(at, at + request.bytes)
        ]
        sheet.boxes(spans, theme.fill(number), line=0.4, edge=None if narrow else "")
    span = request.bytes / SECTOR * ruler.width
    if text_width("30") + 0.03 < span:
        alone = [(at, who[0]) for at, who in asked.items() if len(who) == 1]
        names = [(ruler.place(at) + span / 2, y + TAPE / 2, str(lane)) for at, lane in alone]
        lanes.numbers(sheet, names, theme.fill(ASKED).text)
    sheet.boxes(boxes(used), line=0.6 if narrow else 1.3, above=1.3)
    if ruler.gap >= 0.12:
        breaks = [at for before, at in pairwise(ruler.boxes) if before + SECTOR != at]
        sheet.labels([(ruler.left[at] - ruler.gap / 2, y + TAPE / 2, "···") for at in breaks])


def _pieces(first: int, end: int) -> list[tuple[int, int]]:
    """A run of bytes, cut where sectors end."""
    cuts = [first, *range(first - first % SECTOR + SECTOR, end, SECTOR), end]
    return list(pairwise(cuts))


def _names(
    sheet: Canvas, y: float, ruler: _Ruler, request: Request, sectors: Sequence[Sector]
) -> None:
    """Below the tape: a bracket for each line of 128 bytes, and the elements in it."""
    base = sectors[0].address
    runs = ruler.runs()
    free = 0.0
    last = len(runs) - 1
    reserved = RIGHT - text_width(_name(request, runs[-1], ruler, base))
    for number, run in enumerate(runs):
        left, right = ruler.left[run[0]] + 0.03, ruler.left[run[-1]] + ruler.width - 0.03
        sheet.line([left, left, right, right], [y + 0.05, y + 0.09, y + 0.09, y + 0.05], width=0.7)
        name = _name(request, run, ruler, base)
        width = text_width(name)
        x = min(max((left + right - width) / 2, LEFT), RIGHT - width)
        fits = x >= free and (number == last or x + width < reserved - 0.1)
        if name and fits:
            sheet.text(x, y + 0.19, name)
            free = x + width + 0.14
    lines = len(lines_of(sectors))
    sheet.text(
        LEFT - 0.1,
        y + 0.19,
        "line" if lines == 1 else f"{lines} lines",
        at="right middle",
    )


def _name(request: Request, run: Sequence[int], ruler: _Ruler, base: int) -> str:
    """Of the elements of a run of whole lines, or of the first one that is asked for."""
    if ruler.whole:
        name = names_of(request.argument, run[0], run[-1] + SECTOR, base)
        if text_width(name) <= ruler.width * len(run):
            return name
    asked = [a for a in request.addresses if run[0] - request.bytes < a < run[-1] + SECTOR]
    return name_of(request.argument, min(asked), base) if asked else ""


def _legend(
    sheet: Canvas, y: float, requests: Sequence[Request], sectors: Sequence[Sector]
) -> None:
    theme = sheet.theme
    shared = any(count > 1 for each in sectors for count in each.used.values())
    alone = any(count == 1 for each in sectors for count in each.used.values())
    hollow = any(len(each.used) < SECTOR for each in sectors)
    excess = any(each.excess for each in sectors)
    kinds = {each.kind for each in requests}
    done = "written" if kinds == {"st"} else "asked for"
    entries = [
        (alone, done, theme.fill(ASKED), ""),
        (shared, f"{done} by several lanes", theme.fill(SEVERAL), ""),
        (hollow, f"of the same sector, not {done}", None, ""),
        (excess, "sector beyond the ideal", None, EXCESS),
    ]
    lanes.legend(sheet, LEFT, y, entries)
