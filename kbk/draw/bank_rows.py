"""Draws one request for shared memory: lanes, banks, and a row for each wavefront."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbk.draw import lanes
from kbk.draw.canvas import Box, Canvas
from kbk.draw.lanes import ASKED, RIGHT, SEVERAL, TOO_MANY
from kbk.draw.requests import LANES, Request
from kbk.draw.sheet import text_width
from kbk.draw.theme import Theme
from kbk.draw.wavefronts import BANKS, WORD, Wavefront

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches.
LEFT = 0.84
SLOT = (RIGHT - LEFT) / BANKS
LANES_AT, SPAN, HEAD, ROW, PART = 0.42, 0.5, 0.18, 0.165, 0.19
TOP = LANES_AT + lanes.HEIGHT + SPAN + HEAD  # of the first wavefront


def draw(theme: Theme, request: Request, wavefronts: list[Wavefront]) -> Figure:
    """The figure."""
    parts = sorted({each.part for each in wavefronts})
    whole = parts == [(0, LANES - 1)]
    height = TOP + ROW * len(wavefronts) + (0 if whole else PART * len(parts))
    sheet = Canvas(theme, height + 0.34)
    numbers = (
        f"{request.cost} wavefront{'s' * (request.cost != 1)}, ideal {request.ideal}, "
        f"excess {request.excess}"
    )
    lanes.heading(sheet, 0.12, "", request, numbers)
    lanes.row(sheet, LEFT, LANES_AT, request.lanes)
    _ways(sheet, request)
    sheet.text(LEFT - 0.1, TOP - HEAD / 2, "banks", at="right middle")
    heads = ((LEFT + (b + 0.5) * SLOT, TOP - HEAD / 2, str(b)) for b in range(BANKS))
    lanes.numbers(sheet, heads)
    y, number = TOP, 0
    for part in parts:
        mine = [each for each in wavefronts if each.part == part]
        if not whole:
            y += PART
            text = f"lanes {part[0]}–{part[1]}"
            sheet.text(LEFT - 0.1, y - ROW / 2, text, color=theme.faint, at="right middle")
        _rows(sheet, y, mine, number)
        fine = sum(not each.excess for each in mine)
        if fine < len(mine) and number + fine == request.ideal:  # a rule where the excess begins
            sheet.rules([[(LEFT - 0.1, y + fine * ROW), (RIGHT, y + fine * ROW)]], width=1.6)
        y += ROW * len(mine)
        number += len(mine)
    _legend(sheet, height + 0.14, wavefronts)
    return sheet.figure


def _ways(sheet: Canvas, request: Request) -> None:
    """Lines from the lanes to the middle of the banks that they ask."""
    ways = []
    for lane, at in zip(request.lanes, request.places, strict=True):
        first, last = at // WORD % BANKS, (at + request.bytes - 1) // WORD % BANKS
        to = LEFT + ((first + last if last >= first else 2 * first) + 1) / 2 * SLOT
        top = LANES_AT + lanes.HEIGHT + 0.02
        ways.append([(LEFT + (lane + 0.5) * SLOT, top), (to, TOP - HEAD - 0.02)])
    sheet.rules(ways, color=sheet.theme.faint, width=0.6)


def _rows(sheet: Canvas, y: float, wavefronts: list[Wavefront], number: int) -> None:
    """Rows: hollow where a bank gives nothing, else who gets its word. The first has a number."""
    theme = sheet.theme
    down = ROW * len(wavefronts)
    across = [[(LEFT, y + i * ROW), (RIGHT, y + i * ROW)] for i in range(len(wavefronts) + 1)]
    sheets = [[(LEFT + b * SLOT, y), (LEFT + b * SLOT, y + down)] for b in range(BANKS + 1)]
    sheet.rules(across + sheets, color=theme.line, width=0.4)
    boxes: dict[int, list[Box]] = {ASKED: [], SEVERAL: [], TOO_MANY: []}
    names: dict[int, list[tuple[float, float, str]]] = {ASKED: [], SEVERAL: [], TOO_MANY: []}
    tight: dict[int, list[tuple[float, float, str]]] = {ASKED: [], SEVERAL: [], TOO_MANY: []}
    for i, each in enumerate(wavefronts):
        text = f"wavefront {number + i}" if number + i == 0 else str(number + i)
        sheet.text(LEFT - 0.1, y + (i + 0.5) * ROW, text, at="right middle")
        for first, count, who in _runs(each):
            fill = TOO_MANY if each.excess else ASKED if len(who) == 1 else SEVERAL
            x, width = LEFT + first * SLOT, count * SLOT
            boxes[fill].append((x, y + i * ROW, width, ROW))
            name = str(who[0]) if len(who) == 1 else f"{len(who)}×"
            if text_width(name) > width:
                tight[fill].append((x + width / 2, y + (i + 0.5) * ROW, name))
                continue
            names[fill].append((x + width / 2, y + (i + 0.5) * ROW, name))
    for fill, places in boxes.items():
        look = theme.fill(fill)
        sheet.boxes(places, look, line=0.6, above=1.3, hatch=2 * look.hatch)
        # Text stands on plain ground, not on a hatch.
        grounds = [
            (x - text_width(name) / 2 - 0.01, y - 0.055, text_width(name) + 0.02, 0.1)
            for x, y, name in names[fill]
        ]
        grounds += [(x - 0.49 * SLOT, y - 0.055, 0.98 * SLOT, 0.1) for x, y, _ in tight[fill]]
        if look.hatch:
            sheet.boxes(grounds, look.color, edge=None, above=1.5)
        lanes.numbers(sheet, names[fill], look.text)
        for label in tight[fill]:  # "32×" is wider than its bank
            sheet.labels([label], color=look.text, narrow=0.94 * SLOT / text_width(label[2]))


def _runs(wavefront: Wavefront) -> list[tuple[int, int, tuple[int, ...]]]:
    """Neighbouring words for the same lanes: the first bank, how many, and the lanes."""
    runs: list[tuple[int, int, tuple[int, ...]]] = []
    held = list(wavefront.words)
    for i, bank in enumerate(held):
        goes_on = (
            i > 0
            and held[i - 1] == bank - 1
            and wavefront.words[bank] == wavefront.words[bank - 1] + 1
            and wavefront.lanes[bank] == wavefront.lanes[bank - 1]
        )
        if goes_on:
            first, count, who = runs[-1]
            runs[-1] = (first, count + 1, who)
        else:
            runs.append((bank, 1, wavefront.lanes[bank]))
    return runs


def _legend(sheet: Canvas, y: float, wavefronts: list[Wavefront]) -> None:
    fill = sheet.theme.fill
    fine = {len(who) for each in wavefronts if not each.excess for who in each.lanes.values()}
    several = any(count > 1 for count in fine)
    excess = any(each.excess for each in wavefronts)
    entries = [
        (1 in fine, "gives a word to this lane", fill(ASKED), ""),
        (several, "one word to so many lanes", fill(SEVERAL), ""),
        (excess, "in a wavefront beyond the ideal", fill(TOO_MANY), ""),
    ]
    lanes.legend(sheet, LEFT, y, entries)
