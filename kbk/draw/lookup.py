"""Draws the elements of a part of shared memory: the lane that stored each first, and its bank."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from kbk.draw.canvas import Box, Canvas
from kbk.draw.lives import Life
from kbk.draw.seen import LANES
from kbk.draw.sheet import WIDTH, text_width
from kbk.draw.windows import GAP, gaps, places, window

MOST_ROWS, _LAST_ROWS = 8, 2
MOST_COLUMNS, _LAST_COLUMNS = 34, 8
_HIGH = 0.32  # inches, of a cell: half for the lane, half for the bank
_HEAD = 0.4
_KEYS = 8  # a line of the legend
_FLAT = 32  # columns in which a part without rows is shown


def shown(life: Life) -> tuple[list[int], list[int]]:
    """Rows and columns of the elements that are drawn, padding among the columns."""
    pitch = _pitch(life)
    rows = -(-life.part.count // pitch)
    return window(rows, MOST_ROWS, _LAST_ROWS), window(pitch, MOST_COLUMNS, _LAST_COLUMNS)


def _pitch(life: Life) -> int:
    part = life.part
    return part.pitch if part.shape[0] > 1 else min(part.count, _FLAT)


def height(life: Life) -> float:
    """Inches."""
    rows, _ = shown(life)
    keys = len(_warps(life))
    legend = 0.22 * min(-(-keys // _KEYS), 2) if keys > 1 else 0.0
    return _HEAD + _HIGH * len(rows) + GAP * len(gaps(rows)) + 0.06 + legend


def _warps(life: Life) -> list[int]:
    """The warps that stored some of the elements first."""
    return [int(each) for each in np.unique(life.thread[life.thread >= 0] // LANES)]


def draw(canvas: Canvas, top: float, life: Life) -> None:
    """Draw it, from an y downwards."""
    theme, part, pitch = canvas.theme, life.part, _pitch(life)
    rows, columns = shown(life)
    two = part.shape[0] > 1
    canvas.text(0, top + 0.07, f"Where is {part.any_element}?", bold=True)
    note = "above: the lane that stored it first (fill: its warp); below: its bank, bank 0 inverse"
    canvas.text(WIDTH, top + 0.07, note, at="right middle", color=theme.faint)
    lefts = [part.row_name(row) if two else f"i = {row * pitch}" for row in rows]
    rights = [_threads(life, row * pitch, min((row + 1) * pitch, part.count)) for row in rows]
    left = max(map(text_width, lefts)) + 0.12
    right = max(map(text_width, rights)) + 0.1
    wide = (WIDTH - left - right - GAP * len(gaps(columns))) / max(len(columns), 16)
    xs = places(columns, left, min(wide, 0.26))
    wide = min(wide, 0.26)
    ys = places(rows, top + _HEAD, _HIGH)
    _head(canvas, xs, ys, wide, rows, columns, two)
    upper: dict[int, list[Box]] = {}
    lower: list[Box] = []
    zero: list[Box] = []
    pads: list[Box] = []
    labels: dict[tuple[str, bool], list[tuple[float, float, str]]] = {}
    shades: dict[int, list[Box]] = {}
    half = _HIGH / 2 - 0.01
    for y, row, name, threads in zip(ys, rows, lefts, rights, strict=True):
        canvas.text(left - 0.07, y + _HIGH / 2, name, at="right middle", color=theme.faint)
        canvas.text(xs[-1] + wide + 0.07, y + _HIGH / 2, threads)
        for x, column in zip(xs, columns, strict=True):
            flat = row * pitch + column
            if flat >= part.count:
                continue
            bank, middle = part.bank(flat), x + wide / 2
            if not life.touched[flat]:
                pads.append((x, y, wide, 2 * half))
                labels.setdefault((theme.faint, False), []).append(
                    (middle, y + 1.5 * half, str(bank))
                )
                continue
            (zero if bank == 0 else lower).append((x, y + half, wide, half))
            color = theme.paper if bank == 0 else theme.ink
            labels.setdefault((color, bank == 0), []).append((middle, y + 1.5 * half, str(bank)))
            thread = int(life.thread[flat])
            if thread < 0:
                lower.append((x, y, wide, half))
                continue
            number = thread // LANES % len(theme.fills)
            upper.setdefault(number, []).append((x, y, wide, half))
            lane = str(thread % LANES)
            broad = text_width(lane) + 0.02
            shades.setdefault(number, []).append((middle - broad / 2, y + 0.02, broad, half - 0.04))
            look = (theme.fill(number).text, False)
            labels.setdefault(look, []).append((middle, y + half / 2, lane))
    for number, boxes in upper.items():
        fill = theme.fill(number)
        canvas.boxes(boxes, fill, edge=theme.line)
        if fill.hatch:
            canvas.boxes(shades[number], fill.color, edge=None, above=1.5)
    canvas.boxes(lower, edge=theme.line)
    canvas.boxes(zero, theme.ink, edge=theme.line)
    canvas.boxes(pads, edge=theme.ink, style=":", line=0.9)
    for (color, bold), found in labels.items():
        canvas.labels(found, color=color, bold=bold)
    _legend(canvas, ys[-1] + _HIGH + 0.06, _warps(life))


def _head(
    canvas: Canvas,
    xs: list[float],
    ys: list[float],
    wide: float,
    rows: list[int],
    columns: list[int],
    two: bool,
) -> None:
    """Numbers of columns, and what is left out."""
    faint = canvas.theme.faint
    for x, column in zip(xs, columns, strict=True):
        if column % 4 == 0 or column == columns[-1]:
            canvas.text(x + wide / 2, ys[0] - 0.03, str(column), at="center bottom", color=faint)
    name = "c =" if two else "+"
    canvas.text(xs[0] - 0.07, ys[0] - 0.03, name, at="right bottom", color=faint)
    for at in gaps(columns):
        canvas.text(xs[at] - GAP / 2, (ys[0] + ys[-1] + _HIGH) / 2, "⋯", at="center middle")
    for at in gaps(rows):
        left_out = rows[at] - rows[at - 1] - 1
        text = f"⋮  {left_out:,} row{'s' * (left_out > 1)} not shown"
        canvas.text(xs[0], ys[at] - GAP / 2, text, color=faint)


def _legend(canvas: Canvas, top: float, warps: list[int]) -> None:
    if len(warps) < 2:
        return
    fills = len(canvas.theme.fills)
    again = f"warp {fills} as warp 0 …" if len(warps) > 2 * _KEYS else ""
    for at, warp in enumerate(warps[:fills] if again else warps):
        x, y = at % _KEYS * (WIDTH / _KEYS), top + at // _KEYS * 0.22
        canvas.boxes([(x, y, 0.26, 0.15)], canvas.theme.fill(warp), edge=canvas.theme.line)
        canvas.text(x + 0.3, y + 0.075, f"warp {warp}")
    if again:
        canvas.text(fills % _KEYS * (WIDTH / _KEYS), top + fills // _KEYS * 0.22 + 0.075, again)


def _threads(life: Life, low: int, high: int) -> str:
    """Who stored the elements of a row first."""
    stored = life.thread[low:high]
    stored = stored[stored >= 0]
    if len(stored) == 0:
        return "nobody"
    threads = np.unique(stored)
    if len(threads) == 1:
        return f"thread {threads[0]}"
    warps = np.unique(threads // LANES)
    if len(warps) == 1:
        return f"warp {warps[0]}"
    return f"warps {warps[0]} to {warps[-1]}" if len(warps) > 2 else f"warps {warps[0]}, {warps[1]}"


def runs(life: Life) -> list[list[object]]:
    """The shown elements as lines of the table: neighbours whose threads and banks go on alike."""
    part, pitch = life.part, _pitch(life)
    rows, columns = shown(life)
    lines: list[list[object]] = []
    for row in rows:
        flats = [row * pitch + c for c in columns if row * pitch + c < part.count]
        group: list[int] = []
        for flat in flats:
            if group and not _goes_on(life, group, flat):
                lines.append(_line(life, group))
                group = []
            group.append(flat)
        if group:
            lines.append(_line(life, group))
    return lines


def _goes_on(life: Life, group: list[int], flat: int) -> bool:
    """Whether an element continues a group: the next one, its thread one step of the group's on."""
    if flat != group[-1] + 1 or life.interval[flat] != life.interval[group[-1]]:
        return False
    if life.touched[flat] != life.touched[group[-1]]:
        return False
    step = life.thread[flat] - life.thread[group[-1]]
    if len(group) > 1:
        return bool(step == life.thread[group[-1]] - life.thread[group[-2]])
    return step in (0, 1)


def _line(life: Life, group: list[int]) -> list[object]:
    part = life.part
    first, last = group[0], group[-1]
    low, high = (part.offset + first * part.element, part.offset + (last + 1) * part.element - 1)
    banks = [part.bank(flat) for flat in group]
    turns = [at for at, (a, b) in enumerate(pairwise(banks), 1) if b < a]
    parts = [banks[a:b] for a, b in pairwise([0, *turns, len(banks)])]
    threads = life.thread[group]
    name = part.called(first) if first == last else f"{part.called(first)} to {part.called(last)}"
    did = life.touched[first]
    who = "" if threads[0] < 0 else f"thread {threads[0]}"
    if len(set(threads.tolist())) > 1:
        who = f"threads {threads[0]} to {threads[-1]}"
    return [
        name,
        len(group),
        f"{low} to {high}",
        ", ".join(f"{each[0]} to {each[-1]}" if len(each) > 1 else str(each[0]) for each in parts),
        int(life.interval[first]) if threads[0] >= 0 else "",
        "first store" if threads[0] >= 0 else "never stored" if did else "never touched",
        who,
        "",
    ]
