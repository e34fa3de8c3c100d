"""The picture of a replay: all steps at a glance, and shared memory before each barrier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kbk.draw.canvas import Box, Canvas
from kbk.draw.picture import Picture
from kbk.draw.replays import summary
from kbk.draw.replays.events import CHANGES, READS, WRITES
from kbk.draw.replays.reading import Step, Told, steps_of
from kbk.draw.replays.steps import BARRIER, OTHERS
from kbk.draw.seen import many
from kbk.draw.sheet import WIDTH, shortened, text_width
from kbk.draw.theme import Fill, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FRAMES = 4
_MARKS = 350  # side by side; steps of a longer replay share one
_LEFT = 0.75  # inches, for names
_PARTS = {READS: (0.0, 0.5), WRITES: (0.5, 0.5), CHANGES: (0.0, 1.0), "X": (0.35, 0.3)}
_GAP = 0.04  # between arrays
_NAMES = {READS: "read", WRITES: "write", CHANGES: "atomic", "X": "collective"}
_FILLS = {READS: 0, WRITES: 1, CHANGES: 4, "X": 3}
_ROW = 128  # bytes of shared memory side by side
_TALL, _UNIT, _LEAST = 1.5, 0.05, 0.14  # inches: all rows together, one row, an array at least
_MOST_ROWS = 48  # drawn of an array; of a larger one several are one
_DENSE = "//////"
_POISON, _EARLIER, _NOW = "never written", "written earlier", "written since the last barrier"


def picture(told: Told) -> Picture:
    """The replay as a picture with a table."""
    steps = list(steps_of(told))
    return Picture(
        caption=summary.caption(told),
        alt=summary.alt(told),
        head=summary.HEAD,
        rows=summary.table(told),
        draw=lambda theme: _Drawing(told, steps, theme).figure(),
    )


class _Drawing:
    """One drawing of it."""

    def __init__(self, told: Told, steps: Sequence[Step], theme: Theme) -> None:
        self._told, self._steps, self._theme = told, steps, theme
        self._arrays = [
            number for number, array in enumerate(told["arrays"]) if array["space"] == "shared"
        ]
        self._frames = _frames(steps) if self._arrays else []
        self._across = (WIDTH - _LEFT - 0.2 * (FRAMES - 1)) / FRAMES

    def figure(self) -> Figure:
        """Steps above, shared memory below."""
        warps = len(self._told["warps"])
        tall = max(0.3, min(0.14 * warps, 1.4))
        heights = [self._height(number) for number in self._arrays] if self._frames else []
        below = 0.6 + sum(heights) + _GAP * len(heights) if heights else 0.0
        canvas = Canvas(self._theme, 0.25 + tall + 0.22 + below)
        self._draw_steps(canvas, 0.25, tall)
        if heights:
            self._draw_frames(canvas, 0.25 + tall + 0.3, heights)
        return canvas.figure

    # --- steps

    def _draw_steps(self, canvas: Canvas, top: float, tall: float) -> None:
        warps, theme = self._told["warps"], self._theme
        wide = (WIDTH - _LEFT) / max(len(self._steps), 1)
        share = -(-len(self._steps) // _MARKS)
        high: float = tall / len(warps)
        marks: dict[str, set[tuple[int, int]]] = {kind: set() for kind in _PARTS}
        for step in self._steps:
            if step.kind in _PARTS and step.warp in warps:
                marks[step.kind].add((warps.index(step.warp), step.number // share))
        x = _LEFT
        for kind, found in marks.items():
            if not found:
                continue
            part, size = _PARTS[kind]
            boxes = []
            for row, at, n in _joined(found):
                left, y = at * share, top + (row + part) * high
                right = min(left + n * share, len(self._steps))
                boxes.append((_LEFT + left * wide, y, (right - left) * wide, size * high))
            fill = theme.fill(_FILLS[kind])
            canvas.boxes(boxes, fill, edge=None)
            x = self._key(canvas, x, fill, _NAMES[kind])
        canvas.box(_LEFT, top, WIDTH - _LEFT, tall, edge=theme.line, line=0.6)
        for step in self._steps:
            if step.kind in (BARRIER, OTHERS):
                middle = _LEFT + (step.number + 0.5) * wide
                style = "-" if step.kind == BARRIER else ":"
                canvas.line(
                    (middle, middle), (top - 0.04, top + tall + 0.04), width=1.2, style=style
                )
        every = -(-len(warps) * 13 // int(tall * 100))
        for row in range(0, len(warps), max(every, 1)):
            y = top + (row + 0.5) * high
            canvas.text(_LEFT - 0.06, y, f"warp {warps[row]}", at="right middle")
        canvas.text(
            WIDTH, top + tall + 0.13, f"{many(len(self._steps), 'step')} →", at="right middle"
        )
        rules = sum(step.kind == BARRIER for step in self._steps)
        if rules:
            canvas.text(_LEFT, top + tall + 0.13, f"upright: {many(rules, 'barrier')}")

    def _key(self, canvas: Canvas, x: float, fill: Fill | None, name: str, y: float = 0.1) -> float:
        """A sample with its name; returns where the next one begins."""
        hatch = "" if fill else _DENSE
        canvas.box(x, y - 0.06, 0.22, 0.12, fill, hatch=hatch, edge=self._theme.line, line=0.5)
        canvas.text(x + 0.27, y, name)
        return x + 0.27 + text_width(name) + 0.2

    # --- shared memory

    def _height(self, number: int) -> float:
        """Inches, of an array."""
        rows = sum(self._rows(each) for each in self._arrays)
        return max(_LEAST, self._rows(number) * min(_UNIT, _TALL / rows))

    def _rows(self, number: int) -> int:
        array = self._told["arrays"][number]
        return -(-(array["lead"] + array["size"] * array["bytes"]) // _ROW)

    def _group(self, number: int) -> int:
        """Of so many rows of an array the first is drawn."""
        return -(-self._rows(number) // _MOST_ROWS)

    def _draw_frames(self, canvas: Canvas, top: float, heights: Sequence[float]) -> None:
        y = top + 0.18
        for number, tall in zip(self._arrays, heights, strict=True):
            name = shortened(self._told["arrays"][number]["name"], _LEFT - 0.08)
            canvas.text(_LEFT - 0.06, y + tall / 2, name, at="right middle")
            for at, (_, states) in enumerate(self._frames):
                x = _LEFT + at * (self._across + 0.2)
                self._draw_array(canvas, (x, y, self._across, tall), number, states)
            y += tall + _GAP
        for at, (title, _) in enumerate(self._frames):
            canvas.text(_LEFT + at * (self._across + 0.2), top + 0.07, title, bold=True)
        every = max(self._group(number) for number in self._arrays)
        note = f"; of {every} rows of the largest one is drawn" if every > 1 else ""
        text = f"32 banks, 0 at the left; a row is 128 bytes{note}"
        canvas.text(_LEFT, y + 0.09, text, color=self._theme.faint)
        x = self._key(canvas, _LEFT, self._theme.fill(0), _EARLIER, y + 0.29)
        x = self._key(canvas, x, self._theme.fill(1), _NOW, y + 0.29)
        self._key(canvas, x, None, _POISON, y + 0.29)

    def _draw_array(
        self, canvas: Canvas, box: Box, number: int, states: dict[tuple[int, int], str]
    ) -> None:
        array = self._told["arrays"][number]
        runs: dict[str, list[Box]] = {_POISON: [], _EARLIER: [], _NOW: []}
        x, y, wide, tall = box
        group = self._group(number)
        high = tall / -(-self._rows(number) // group)
        for row, first, last, state in _runs(array, number, states):
            if row % group == 0:
                left = x + first / _ROW * wide
                at = y + row // group * high
                runs[state].append((left, at, (last - first) / _ROW * wide, high))
        canvas.boxes(runs[_POISON], None, edge=None, hatch=_DENSE)
        canvas.boxes(runs[_EARLIER], self._theme.fill(0), edge=None)
        canvas.boxes(runs[_NOW], self._theme.fill(1), edge=None)
        canvas.box(x, y, wide, tall, edge=self._theme.line, line=0.6)


def _joined(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Row, first column and number of columns of marks that stand side by side."""
    found: list[tuple[int, int, int]] = []
    for row, at in sorted(marks):
        if found and found[-1][0] == row and sum(found[-1][1:]) == at:
            found[-1] = (row, found[-1][1], found[-1][2] + 1)
        else:
            found.append((row, at, 1))
    return found


def _frames(steps: Sequence[Step]) -> list[tuple[str, dict[tuple[int, int], str]]]:
    """Moments before barriers and at the end: a title, and the state of elements."""
    found = []
    states: dict[tuple[int, int], str] = {}
    passed = steps[0].interval if steps else 0
    for step in steps:
        if step.kind == BARRIER:
            found.append((f"before barrier {passed + 1}", dict(states)))
            passed = step.interval + step.count
            states = dict.fromkeys(states, _EARLIER)
        elif step.kind in (WRITES, CHANGES, OTHERS):
            states.update(dict.fromkeys(step.touched, _NOW))
    found.append(("at the end", states))
    if len(found) <= FRAMES:
        return found
    last = len(found) - 1
    return [found[round(n * last / (FRAMES - 1))] for n in range(FRAMES)]


def _runs(
    array: Told, number: int, states: dict[tuple[int, int], str]
) -> Iterable[tuple[int, int, int, str]]:
    """Row, first byte, byte behind the last, and state of elements that are alike."""
    size, lead = array["bytes"], array["lead"]
    run: tuple[int, int, int, str] | None = None
    for index in range(array["size"]):
        row, byte = divmod(lead + index * size, _ROW)
        state = states.get((number, index), _POISON)
        if run and run[0] == row and run[2] == byte and run[3] == state:
            run = (row, run[1], byte + size, state)
            continue
        if run:
            yield run
        run = (row, byte, byte + size, state)
    if run:
        yield run
