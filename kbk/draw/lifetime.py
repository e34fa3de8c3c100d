"""Draws the life of shared memory: which lanes store and load it between which barriers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from kbk.draw.arena import Arena
from kbk.draw.canvas import Box, Canvas
from kbk.draw.lives import Access, Life, threads_name
from kbk.draw.seen import LANES
from kbk.draw.sheet import WIDTH, shortened, text_width
from kbk.draw.windows import GAP, gaps, places, window

MOST_INTERVALS, _LAST_INTERVALS = 5, 2
_HEAD = 0.44
_TEXT = 0.17  # inches, of a line under a small map
_BAND = 0.22  # of the values that are carried over barriers
_BETWEEN = 0.1
_ACROSS = 1.6  # of a small map, at most


def height(arena: Arena, lives: list[Life]) -> float:
    """Inches."""
    return _HEAD + sum(_high(arena, life) + _BETWEEN for life in lives) + 0.02


def _slots(life: Life) -> int:
    """2 if there are stores and loads in one interval, else 1."""
    intervals = [each.interval for each in life.accesses]
    return 2 if len(set(intervals)) < len(intervals) else 1


def _map(arena: Arena) -> float:
    """Inches, of the lanes of all warps."""
    warps = -(-int(np.prod(arena.launch.block)) // LANES)
    return min(max(0.05 * warps, 0.1), 0.32)


def _high(arena: Arena, life: Life) -> float:
    return _slots(life) * (_map(arena) + _TEXT) + (_BAND if any(life.carried) else 0.0)


def draw(canvas: Canvas, top: float, arena: Arena, lives: list[Life]) -> None:
    """Draw it, from an y downwards."""
    theme = canvas.theme
    canvas.text(0, top + 0.07, "When it lives", bold=True)
    note = "small maps: lanes from left to right, a row a warp; filled: store, hollow: load"
    canvas.text(WIDTH, top + 0.07, note, at="right middle", color=theme.faint)
    intervals = window(arena.intervals, MOST_INTERVALS, _LAST_INTERVALS)
    left = max(text_width(life.part.name, bold=True) for life in lives) + 0.15
    left = min(max(left, 0.85), 1.6)
    wide = (WIDTH - left - GAP * len(gaps(intervals))) / len(intervals)
    xs = places(intervals, left, wide)
    bottom = top + height(arena, lives)
    _barriers(canvas, top + 0.2, bottom, xs, wide, intervals)
    y = top + _HEAD
    for life in lives:
        _part(canvas, y, arena, life, xs, wide, intervals, left)
        y += _high(arena, life) + _BETWEEN
        if life is not lives[-1]:
            line = [(0.0, y - _BETWEEN / 2), (WIDTH, y - _BETWEEN / 2)]
            canvas.rules([line], color=theme.line, width=0.5)


def _barriers(
    canvas: Canvas, top: float, bottom: float, xs: list[float], wide: float, intervals: list[int]
) -> None:
    rules = []
    canvas.text(0, top + 0.08, "interval", color=canvas.theme.faint)
    for at, (x, interval) in enumerate(zip(xs, intervals, strict=True)):
        canvas.text(x + wide / 2, top + 0.08, str(interval), at="center middle")
        if at and interval == intervals[at - 1] + 1:
            rules.append([(x, top), (x, bottom)])
        elif at:
            rules += [[(x, top), (x, bottom)], [(x - GAP, top), (x - GAP, bottom)]]
            canvas.text(x - GAP / 2, (top + bottom) / 2, "⋯", at="center middle")
    canvas.rules(rules, width=2.4)
    for at, interval in enumerate(intervals[1:], 1):
        text = f"barrier {interval}"
        half = text_width(text) / 2 + 0.04
        x = xs[at]
        if interval != intervals[at - 1] + 1:
            continue
        canvas.boxes([(x - half, top, 2 * half, 0.17)], canvas.theme.paper, edge=None, above=2)
        canvas.text(x, top + 0.08, text, at="center middle", bold=True)


def _part(
    canvas: Canvas,
    top: float,
    arena: Arena,
    life: Life,
    xs: list[float],
    wide: float,
    intervals: list[int],
    left: float,
) -> None:
    theme = canvas.theme
    canvas.text(0, top + 0.08, shortened(life.part.name, (left - 0.1) * 0.9), bold=True)
    canvas.text(0, top + 0.24, f"{life.part.size:,} bytes", color=theme.faint)
    two = _slots(life) == 2
    slot = _map(arena) + _TEXT
    for access in life.accesses:
        if access.interval not in intervals:
            continue
        x = xs[intervals.index(access.interval)] + 0.08
        y = top + (slot if two and not access.stores else 0)
        _small(canvas, x, y, wide - 0.16, arena, access)
    if any(life.carried):
        _carried(canvas, top + _slots(life) * slot + _BAND / 2, life, xs, wide, intervals)


def _small(canvas: Canvas, x: float, y: float, wide: float, arena: Arena, access: Access) -> None:
    """Lanes by warps: who took part, and under it the lines of the source."""
    theme = canvas.theme
    threads = int(np.prod(arena.launch.block))
    warps = -(-threads // LANES)
    across = min(wide, _ACROSS)
    lane, row = across / LANES, _map(arena) / warps
    canvas.boxes([(x, y, across, row * warps)], edge=theme.line, style=":", line=0.6)
    boxes: dict[int, list[Box]] = {}
    frames: dict[tuple[int, int], list[int]] = {}  # by first and last lane, the warps
    took = np.zeros(warps * LANES, bool)
    took[list(access.threads)] = True
    for warp, some in enumerate(took.reshape(warps, LANES)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], some.astype(np.int8), [0]])))
        for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            box = (x + low * lane, y + warp * row + row * 0.06, (high - low) * lane, row * 0.88)
            boxes.setdefault(warp % len(theme.fills), []).append(box)
            frames.setdefault((low, high), []).append(warp)
    if access.stores:
        edge = theme.line if row > 0.03 else None
        for number, found in boxes.items():
            canvas.boxes(found, theme.fill(number), edge=edge, line=0.3)
    else:
        hollow = [
            (x + low * lane, y + first * row, (high - low) * lane, (last - first + 1) * row)
            for (low, high), some in frames.items()
            for first, last in _spans(some)
        ]
        canvas.boxes(hollow, edge=theme.ink, line=0.8)
    lines = sorted({line for _, line in access.lines})
    where = f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines[:3]))}" if lines else ""
    verb = "store" if access.stores else "load"
    text = f"{verb}, {where}" if where else verb
    longer = f"{text}: {threads_name(access.threads, threads)}"
    text = longer if text_width(longer) <= wide else shortened(text, wide)
    canvas.text(x, y + _map(arena) + 0.08, text)


def _spans(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last of numbers that follow one another."""
    cuts = [0, *(at for at, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1), len(numbers)]
    return [(numbers[a], numbers[b - 1]) for a, b in pairwise(cuts)]


def _carried(
    canvas: Canvas, y: float, life: Life, xs: list[float], wide: float, intervals: list[int]
) -> None:
    """Bars across the barriers behind which stored values are still loaded."""
    theme = canvas.theme
    middle = 0.08 + min(wide - 0.16, _ACROSS) / 2  # of a small map
    for at, interval in enumerate(intervals[1:], 1):
        barrier = interval - 1
        count = life.carried[barrier]
        if not count:
            continue
        before = intervals[at - 1] == barrier
        begins = xs[at - 1] + middle if before else xs[at] - GAP
        more = barrier > 0 and life.carried[barrier - 1] and before
        begins = xs[at - 1] if more else begins
        goes_on = interval < len(life.carried) and life.carried[interval]
        ends = xs[at] + wide if goes_on and at + 1 < len(xs) else xs[at] + middle
        canvas.boxes([(begins, y - 0.035, ends - begins, 0.07)], theme.ink, edge=None, above=2)
        if not goes_on:
            canvas.arrow((ends - 0.02, y), (ends + 0.1, y))
        text = f"{count:,} values" if count > 1 else "1 value"
        half = text_width(text) / 2 + 0.04
        canvas.boxes([(xs[at] - half, y - 0.09, 2 * half, 0.18)], theme.paper, line=0.8, above=2.5)
        canvas.text(xs[at], y, text, at="center middle")
