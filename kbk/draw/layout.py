"""Draws the shared memory of a block to scale: on its 32 banks where it fits, else as a strip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kbk.draw.arena import BANKS, LINE, WORD, Arena, Part
from kbk.draw.canvas import Box, Canvas
from kbk.draw.lives import Life
from kbk.draw.seen import LANES, Array, many
from kbk.draw.sheet import WIDTH, text_width

MOST_LINES = 40  # of 128 bytes that are drawn on the banks
_TITLE = 0.2
_LEFT, _RIGHT = 0.8, 1.95  # inches beside the banks
_STRIP = 0.34
_LABEL = 0.19
_INSIDE = -1  # instead of a row: the label stands on the part
_FREE, _PAD = -2, -1  # instead of the warp of a word: in no part; nobody touched it


def _lines(arena: Arena) -> int:
    return -(-arena.size // LINE)


def _step(arena: Arena) -> float:
    return min(max(2.9 / _lines(arena), 0.072), 0.15)


def height(arena: Arena, lives: list[Life]) -> float:
    """Inches."""
    if _lines(arena) <= MOST_LINES:
        needed = max(_lines(arena) * _step(arena), _LABEL * len(lives))
        return _TITLE + 0.2 + needed
    rows = max(row for row, _, _ in _labels(arena, lives)) + 1
    return _TITLE + _STRIP + (0.16 + _LABEL * rows if rows else 0.0)


def draw(canvas: Canvas, top: float, arena: Arena, lives: list[Life]) -> None:
    """Draw it, from an y downwards."""
    scale = "on its banks" if _lines(arena) <= MOST_LINES else "to scale"
    canvas.text(0, top + 0.07, f"Where it lies: {arena.size:,} bytes {scale}", bold=True)
    note = "fill: the warp that stored it first; hollow: never touched"
    canvas.text(WIDTH, top + 0.07, note, at="right middle", color=canvas.theme.faint)
    words = _words(arena, lives)
    if _lines(arena) <= MOST_LINES:
        _on_banks(canvas, top + _TITLE, arena, lives, words)
    else:
        _as_strip(canvas, top + _TITLE, arena, lives, words)


def _words(arena: Arena, lives: list[Life]) -> Array:
    """Of each word the warp that stored there first, _PAD or _FREE."""
    words = np.full(-(-arena.size // WORD), _FREE, np.int64)
    for life in lives:
        part = life.part
        flat = np.arange(part.count)
        first = (part.offset + flat * part.element) // WORD
        last = (part.offset + (flat + 1) * part.element - 1) // WORD
        words[first[0] : last[-1] + 1] = _PAD
        who = np.where(life.thread >= 0, life.thread // LANES, np.where(life.touched, 0, _PAD))
        for at in range(int((last - first).max()) + 1):
            each = np.minimum(first + at, last)
            some = who >= 0
            words[each[some]] = who[some]
    return words


def _runs(words: Array) -> list[tuple[int, int, int]]:
    """First word, word behind the last one, and the warp, of words with the same."""
    ends = np.flatnonzero(np.diff(words)) + 1
    starts = [0, *ends.tolist()]
    return [
        (low, high, int(words[low]))
        for low, high in zip(starts, [*starts[1:], len(words)], strict=True)
    ]


def _on_banks(canvas: Canvas, top: float, arena: Arena, lives: list[Life], words: Array) -> None:
    theme, step = canvas.theme, _step(arena)
    wide = (WIDTH - _LEFT - _RIGHT) / BANKS
    top += 0.18
    for bank in (0, 8, 16, 24, 31):
        x = _LEFT + (bank + 0.5) * wide
        canvas.text(x, top - 0.03, str(bank), at="center bottom", color=theme.faint)
    canvas.text(_LEFT - 0.08, top - 0.03, "bank", at="right bottom", color=theme.faint)

    def boxes(low: int, high: int) -> list[Box]:
        """Words from one to before another, line by line."""
        found = []
        while low < high:
            line = low // BANKS
            end = min(high, (line + 1) * BANKS)
            x, y = _LEFT + low % BANKS * wide, top + line * step
            found.append((x, y, (end - low) * wide, step))
            low = end
        return found

    pads: list[Box] = []
    free: list[Box] = []
    fills: dict[int, list[Box]] = {}
    inner: list[tuple[int, int]] = []
    for low, high, warp in _runs(words):
        if warp == _PAD:
            pads += [box for word in range(low, high) for box in boxes(word, word + 1)]
        elif warp == _FREE:
            free += boxes(low, high)
        else:
            fills.setdefault(warp, []).extend(boxes(low, high))
            inner.append((low, high))
    canvas.boxes(free, edge=theme.line, style=":", line=0.8)
    for warp, found in fills.items():
        canvas.boxes(found, theme.fill(warp), edge=None)
    canvas.boxes(pads, theme.paper, edge=theme.ink, line=0.8, above=2)
    _outlines(canvas, top, arena, lives, wide, step)
    for line in range(0, _lines(arena), max(-(-_lines(arena) // 8), 1)):
        name = f"byte {line * LINE:,}"
        y = top + (line + 0.5) * step
        canvas.text(_LEFT - 0.08, y, name, at="right middle", color=theme.faint)
    shades: list[Box] = []
    for at, life in enumerate(lives):
        text = _named(life)
        canvas.text(_LEFT + BANKS * wide + 0.1, top + 0.07 + _LABEL * at, text)
        name = life.part.name
        if len(lives) > 1 and (box := _room(life.part, text_width(name), inner, boxes)):
            x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
            half = text_width(name) / 2 + 0.02
            shades.append((x - half, y - 0.065, 2 * half, 0.13))
            canvas.text(x, y, name, at="center middle")
    canvas.boxes(shades, theme.paper, edge=None, above=2.5)


def _room(
    part: Part,
    width: float,
    runs: list[tuple[int, int]],
    boxes: Callable[[int, int], list[Box]],
) -> Box | None:
    """Where the name of a part stands: the widest box that is no padding, if it is wide enough."""
    low, high = part.offset // WORD, -(-(part.offset + part.size) // WORD)
    inside = [box for first, end in runs for box in boxes(max(first, low), min(end, high))]
    widest = max(inside, key=lambda box: box[2], default=(0.0, 0.0, 0.0, 0.0))
    same = [box for box in inside if box[2] == widest[2]]
    return same[len(same) // 2] if widest[2] >= width + 0.06 else None


def _outlines(
    canvas: Canvas, top: float, arena: Arena, lives: list[Life], wide: float, step: float
) -> None:
    """A line around each part, with the stairs at its ends."""
    lines = []
    for life in lives:
        low = life.part.offset / WORD
        high = (life.part.offset + life.part.size) / WORD
        for word, y in ((low, int(low // BANKS)), (high, int(high // BANKS))):
            x = _LEFT + word % BANKS * wide
            here = top + y * step
            stairs = [(_LEFT, here + step), (x, here + step), (x, here)]
            stairs.append((_LEFT + BANKS * wide, here))
            if word % BANKS == 0:
                stairs = [(_LEFT, here), (_LEFT + BANKS * wide, here)]
            elif (word == low and high < (y + 1) * BANKS) or (word == high and low >= y * BANKS):
                stairs = [(x, here), (x, here + step)]
            lines.append(stairs)
    canvas.rules(lines, width=1.3)
    rows = _lines(arena)
    full = arena.size // LINE
    right = _LEFT + BANKS * wide
    end = [(_LEFT, top), (right, top), (right, top + full * step)]
    if full < rows:
        x = _LEFT + arena.size % LINE / WORD * wide
        end += [(x, top + full * step), (x, top + rows * step)]
    end += [(_LEFT, top + rows * step), (_LEFT, top)]
    canvas.rules([end], width=1.3)


def _named(life: Life) -> str:
    part = life.part
    rows, columns = part.shape
    if part.extents:
        declared = "".join(f"[{extent}]" for extent in part.extents)
        used = "" if part.pitch == columns else f", {many(columns, 'column')} used"
        return f"{part.name}{declared}{used}"
    if rows == 1:
        return f"{part.name}: {many(columns, 'element')}"
    apart = "" if part.pitch == columns else f", a row every {part.pitch}"
    return f"{part.name}: {rows} × {columns}{apart}"


def _as_strip(canvas: Canvas, top: float, arena: Arena, lives: list[Life], words: Array) -> None:
    theme = canvas.theme
    scale = WIDTH / arena.size
    canvas.boxes([(0, top, WIDTH, _STRIP)], edge=theme.line, style=":", line=0.8)
    for life in lives:
        part = life.part
        low, high = part.offset // WORD, -(-(part.offset + part.size) // WORD)
        whole: Box = (part.offset * scale, top, part.size * scale, _STRIP)
        mine = words[low:high].copy()
        # At this scale single words are no more to be seen: padding takes the fill before it.
        known = np.maximum.accumulate(np.where(mine >= 0, np.arange(len(mine)), 0))
        runs = _runs(mine[known])
        canvas.boxes([whole], theme.paper, edge=None, above=0.5)
        if len(runs) <= 64:
            fills: dict[int, list[Box]] = {}
            for first, end, warp in runs:
                x = (low + first) * WORD * scale
                box = (x, top, (end - first) * WORD * scale, _STRIP)
                fills.setdefault(max(warp, 0), []).append(box)
            for warp, boxes in fills.items():
                canvas.boxes(boxes, theme.fill(warp), edge=None)
        canvas.boxes([whole], line=1.3)
    for (row, x, text), life in zip(_labels(arena, lives), lives, strict=True):
        middle = (life.part.offset + life.part.size / 2) * scale
        if row == _INSIDE:
            half = 0.53 * text_width(text) + 0.03
            box = (middle - half, top + _STRIP / 2 - 0.08, 2 * half, 0.16)
            canvas.boxes([box], theme.paper, edge=None, above=2)
            canvas.text(middle, top + _STRIP / 2, text, at="center middle")
            continue
        y = top + _STRIP + 0.16 + _LABEL * row
        canvas.rules([[(middle, top + _STRIP), (x + 0.06, y)]], color=theme.faint, width=0.7)
        # What leads to a label further down goes behind this one.
        canvas.boxes([(x, y, text_width(text), 0.15)], theme.paper, edge=None, above=1.4)
        canvas.text(x, y + 0.07, text)


def _labels(arena: Arena, lives: list[Life]) -> list[tuple[int, float, str]]:
    """Of each part the row of its label or _INSIDE, where that begins, and the text."""
    scale = WIDTH / arena.size
    found: list[tuple[int, float, str]] = []
    row, free = 0, 0.0
    for life in lives:
        text = f"{_named(life)}, from byte {life.part.offset:,}"
        left, width = life.part.offset * scale, text_width(text)
        if life.part.size * scale > width + 0.2:
            found.append((_INSIDE, left + (life.part.size * scale - width) / 2, text))
            continue
        x = max(left, free)
        if x > WIDTH - width:
            row, x = row + 1, min(left, WIDTH - width)
        found.append((row, x, text))
        free = x + width + 0.15
    return found
