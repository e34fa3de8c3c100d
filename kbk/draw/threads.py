"""The thread map: the elements of an output, and the block, warp and lane that wrote each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.draw import owners
from kbk.draw.canvas import Box, Canvas
from kbk.draw.picture import Picture
from kbk.draw.seen import LANES, block_name, checked, chosen, many, size_name, until_the_end
from kbk.draw.sheet import WIDTH, text_width
from kbk.draw.theme import SMALL, Theme
from kbk.draw.windows import GAP, gaps, places, spans, window
from kbk.draw.written import Patch, Written, neighbours, patches, written
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.sanitizer.history import Launch

MOST_ROWS, MOST_COLUMNS = 16, LANES  # of a map that shows all; of a larger one there are windows
_LAST_ROWS, _LAST_COLUMNS = 4, 8
_MOST_KEYS = 18
_KEY = 0.155  # inches, the height of a fill in the legend
_HEIGHT, _GAP = 0.235, 0.012  # inches, of a row, and what it leaves free above and below
_FRAME = 0.03  # inches, of a cell, that its frame takes
_NARROW = 0.6  # of their width that numbers of stores may be pressed to

HEAD = ("elements", "written by", "threads", "lanes", "count", "stores of each")


def thread_map(
    launch: Launch,
    argument: Any,
    *,
    by: str = "warp",
    rows: int | range | None = None,
    columns: int | range | None = None,
) -> Picture:
    """Picture who wrote each element of a tensor.

    A cell is an element; the number in it is the lane that wrote it. Of an element that was written
    several times it is the number of stores, as in ×3, and the fill is of the last one. A tensor of
    one dimension stands in rows of 32, one of more in its own rows.

    Args:
        launch: of ``kbk.profile()``.
        argument: a tensor of the call, or its name.
        by: what a fill stands for: "warp" or "block".
        rows, columns: of the map that are shown: the first so many, or a range. By default all, of
            a large map the first and the last ones.

    Raises:
        ArgumentError: the call had no such tensor, or there are no such rows or columns.
    """
    launch = checked("thread_map", launch)
    told = written(launch, chosen("thread_map", launch, argument))
    if by not in ("warp", "block"):
        raise ArgumentError(f'thread_map: by must be "warp" or "block"; it was {quoted(by)}.')
    shown = (
        _window("rows", rows, told.shape[0], MOST_ROWS, _LAST_ROWS),
        _window("columns", columns, told.shape[1], MOST_COLUMNS, _LAST_COLUMNS),
    )
    picture = _Map(launch, told, by, *shown)
    found = patches(told, *shown)
    lines = [picture.line(patch) for patch in found]
    said = picture.caption() + until_the_end(launch)
    alt = f"Map of {told.argument.name}, {told.argument}, {picture.extent}. " + "; ".join(
        f"{line[0]}: {line[1]}" + f", lanes {line[3]}" * (line[3] != "") for line in lines[:24]
    )
    alt += f"; and {len(lines) - 24} more areas, which the table lists" * (len(lines) > 24)
    return Picture(said, alt + ".", HEAD, lines, picture.draw)


def _window(name: str, asked: int | range | None, size: int, most: int, last: int) -> list[int]:
    """The rows or columns that are shown."""
    if asked is None:
        return window(size, most, last)
    if isinstance(asked, int) and not isinstance(asked, bool):
        asked = range(min(asked, size)) if asked > 0 else range(0)
    limit = 4 * most if name == "rows" else most
    if not isinstance(asked, range) or asked.step != 1:
        raise ArgumentError(
            f"thread_map: {name} must be a number or a range of {name}; it was {quoted(asked)}."
        )
    if not 0 <= asked.start < asked.stop <= size or len(asked) > limit:
        raise ArgumentError(
            f"thread_map: {name} must be 1 to {limit} of the {size:,} {name} of the map, "
            f"range(0, {size}); it was {quoted(asked)}."
        )
    return list(asked)


@dataclass(frozen=True, eq=False)
class _Map:
    """A window of a map, and how it is drawn."""

    launch: Launch
    told: Written
    by: str
    rows: list[int]
    columns: list[int]

    # --- words

    @property
    def extent(self) -> str:
        """What of the map is shown."""
        rows, columns = self.told.shape
        flat = len(self.told.argument.shape) < 2
        shape = f"rows of {columns}" if flat else f"{many(rows, 'row')} of {columns}"
        if (len(self.rows), len(self.columns)) == self.told.shape:
            return f"in {shape}" if flat else shape
        parts = [
            f"{name} {spans(some)} of {size:,}"
            for name, some, size in (("rows", self.rows, rows), ("columns", self.columns, columns))
            if len(some) < size
        ]
        return f"in {shape}; shown are {' and '.join(parts)}"

    def owner(self, block: int, warp: int) -> str:
        """Who a number of a block and one of a warp are."""
        return "nobody" if block < 0 else f"{block_name(self.launch, block)}, warp {warp}"

    def line(self, patch: Patch) -> list[object]:
        """A patch as a line of the table."""
        told = self.told
        (top, bottom), (left, right) = patch.rows, patch.columns
        first, last = told.name(top, left), told.name(bottom - 1, right - 1)
        count = (bottom - top) * (right - left)
        thread = told.grid(told.thread)[top:bottom, left:right].reshape(-1)
        threads, lanes = ("", "") if patch.block < 0 else (_series(thread), _series(thread % LANES))
        owner = self.owner(patch.block, patch.warp)
        return [
            first if count == 1 else f"{first} to {last}",
            f"{owner}, the last of {patch.stores}" if patch.stores > 1 else owner,
            threads,
            lanes,
            count,
            patch.stores,
        ]

    def caption(self) -> str:
        """What the map found in the whole tensor."""
        told, name = self.told, self.told.argument.name
        done = told.stores > 0
        count = int(done.sum())
        most = int(told.stores.max())
        often = told.stores[told.stores > 1]
        if count == 0:
            none = f"none of the {len(done):,} elements" if len(done) > 1 else "nothing"
            return f"{self.launch.kernel} wrote {none} of {name}."
        each = ", each once" if most == 1 else ""
        share = "the only element"
        if len(done) > 1:
            share = f"{'all' if count == len(done) else f'{count:,} of the'} {len(done):,} elements"
        said = [
            f"{many(told.warps, 'warp')} of {many(told.blocks, 'block')} wrote {share} "
            f"of {name}{each}. (The grid has "
            f"{size_name(self.launch.grid, 'block')} of {size_name(self.launch.block, 'thread')}.)"
        ]
        if found := neighbours(told):
            said.append(found)
        if len(often):
            first = self._first(told.stores > 1)
            times = f"{often.min():,} to {most:,} times"
            times = "twice" if most == 2 else times if often.min() < most else f"{most:,} times"
            were = "was" if len(often) == 1 else "were"
            by = int(told.writers[told.stores > 1].max())
            blocks = f" by up to {many(by, 'block')}" if by > 1 else ""
            said.append(
                f"{many(len(often), 'element')}, framed with the number of stores, {were} written "
                f"{times}{blocks}; the first is {name}{first}."
            )
        if count < len(done):
            first = self._first(~done)
            said.append(
                f"{many(len(done) - count, 'element')}, dotted, "
                f"{'was' if len(done) - count == 1 else 'were'} written by nobody; the first is "
                f"{name}{first}."
            )
        said.append(self._cell())
        if (len(self.rows), len(self.columns)) != told.shape:
            said.append(f"The map is {self.extent}.")
        return " ".join(each for each in said if each)

    def _cell(self) -> str:
        """What a cell says."""
        shown = self.told.grid(self.told.stores)[np.ix_(self.rows, self.columns)]
        number = "The number in a cell is the lane" if (shown == 1).any() else ""
        if (shown > 1).any():
            times = "that in a frame is how often it was written"
            number = (
                f"{number}, {times}"
                if number
                else "The number in a cell is how often it was written"
            )
            return f"{number}; fill, hatch and names are of the last {self.by} that wrote it."
        return f"{number}; fill and hatch are its {self.by}." if number else ""

    def _first(self, found: Any) -> str:
        name = self.told.name(*divmod(int(np.argmax(found)), self.told.shape[1]))
        return name if name.startswith("[") else f"[{name.replace(',', '')}]"

    # --- drawing

    def draw(self, theme: Theme) -> Figure:
        """The map as a figure."""
        told = self.told
        block, warp, stores = (
            told.grid(getattr(told, name))[np.ix_(self.rows, self.columns)]
            for name in ("block", "warp", "stores")
        )
        lane = told.grid(told.thread)[np.ix_(self.rows, self.columns)] % LANES
        rights = [self._right(block[at], warp[at], stores[at]) for at in range(len(self.rows))]
        lefts = [told.name(row, 0) for row in self.rows]
        crowded = (stores > 9).any() and len(self.columns) > 24  # "×12" needs wide cells
        keys = self._keys(block, warp) if crowded or None in rights else []
        again = len(keys) > len(theme.fills)
        if crowded or again:
            rights = [None] * len(rights)
        left = max(text_width(name) for name in lefts) + 0.12
        right = max(text_width(name or "") for name in rights) + 0.1
        cuts = [gaps(self.rows), gaps(self.columns)]
        width = (WIDTH - left - right - GAP * len(cuts[1])) / max(len(self.columns), 12)
        width = min(width, 0.3)
        xs = places(self.columns, left, width)
        grids = (block, warp)
        named = (
            owners.names(self.launch, self.by, grids, self.rows, self.columns, width)
            if again
            else {}
        )
        keys = [] if named else keys
        lines = max((len(run.name) for runs in named.values() for run in runs), default=0)
        below = [owners.LINE * lines * (r in named) for r in range(len(self.rows))]
        before = [sum(below[:r]) for r in range(len(self.rows))]
        ys = [y + more for y, more in zip(places(self.rows, 0.24, _HEIGHT), before, strict=True)]
        per = max(int(WIDTH / (max((text_width(n) for _, n in keys), default=1) + 0.5)), 1)
        bottom = ys[-1] + _HEIGHT + below[-1] + 0.1
        legend = -(-min(len(keys), _MOST_KEYS + 1) // per) + bool(named)
        canvas = Canvas(theme, bottom + 0.22 * legend + 0.02)
        self._head(canvas, xs, ys, width, cuts)
        owners.draw(canvas, named, xs, width, [y + _HEIGHT for y in ys])
        if named:
            note = owners.note(self.launch, self.by, named)
            canvas.text(xs[0], bottom + _KEY / 2, note, color=theme.faint)
        for y, name, owner in zip(ys, lefts, rights, strict=True):
            middle = y + _HEIGHT / 2
            canvas.text(left - 0.07, middle, name, at="right middle", color=theme.faint)
            if owner:
                canvas.text(xs[-1] + width + 0.07, middle, owner)
        self._cells(canvas, xs, ys, width, (block, warp, stores, lane))
        self._legend(canvas, keys, bottom, per)
        return canvas.figure

    def _who(self, block: int, warp: int) -> tuple[int, int]:
        """Whose fill it is: that of a warp, or of a block."""
        return (block, 0) if self.by == "block" else (block, warp)

    def _fills(self, block: Any, warp: Any) -> dict[tuple[int, int], int]:
        """The number of the fill of each warp or block in the window, as they come."""
        both = zip(block.reshape(-1).tolist(), warp.reshape(-1).tolist(), strict=True)
        fills: dict[tuple[int, int], int] = {}
        for b, w in both:
            if b >= 0:
                fills.setdefault(self._who(b, w), len(fills))
        return fills

    def _right(self, block: Any, warp: Any, stores: Any) -> str | None:
        """The owner of a row, or of its last stores; None for several."""
        found = {each for each in zip(block.tolist(), warp.tolist(), strict=True) if each[0] >= 0}
        if len(found) > 1:
            return None
        last = "last: " if (stores > 1).any() else ""
        return last + self.owner(*found.pop()) if found else "nobody"

    def _keys(self, block: Any, warp: Any) -> list[tuple[int, str]]:
        """Fill and name of each warp or block in the window, as they come."""
        return [
            (number, self.owner(b, w) if self.by == "warp" else block_name(self.launch, b))
            for (b, w), number in self._fills(block, warp).items()
        ]

    def _head(
        self, canvas: Canvas, xs: list[float], ys: list[float], width: float, cuts: Any
    ) -> None:
        """Numbers of columns, and what is left out between rows and columns."""
        faint = canvas.theme.faint
        step = 1 if len(xs) <= 8 else 4 if len(xs) <= 16 else 8
        ends = {0, len(xs) - 1, *(at for cut in cuts[1] for at in (cut - 1, cut))}
        named = sorted(ends | {at for at in range(len(xs)) if self.columns[at] % step == 0})
        last = -1.0
        for at in named:
            name = str(self.columns[at])
            x, half = xs[at] + width / 2, text_width(name) / 2
            if at in ends or x - half > last + 0.06:
                canvas.text(x, 0.2, name, at="center bottom", color=faint)
                last = x + half
        canvas.text(xs[0] - 0.07, 0.2, "column", at="right bottom", color=faint)
        for at in cuts[1]:
            canvas.text(xs[at] - GAP / 2, (ys[0] + ys[-1] + _HEIGHT) / 2, "⋯", at="center middle")
        for at in cuts[0]:
            left_out = self.rows[at] - self.rows[at - 1] - 1
            text = f"⋮  {many(left_out, 'row')} not shown"
            canvas.text(xs[0], ys[at] - GAP / 2, text, color=faint)

    def _cells(
        self,
        canvas: Canvas,
        xs: list[float],
        ys: list[float],
        width: float,
        values: Sequence[Any],
    ) -> None:
        theme = canvas.theme
        block, warp, stores, lane = values
        fills = self._fills(block, warp)
        runs: dict[int, list[Box]] = {}
        shades: dict[int, list[Box]] = {}
        labels: dict[tuple[str, bool, float], list[tuple[float, float, str]]] = {}
        dotted: list[Box] = []
        framed: list[Box] = []
        rules: list[Sequence[tuple[float, float]]] = []
        high = _HEIGHT - 2 * _GAP
        for r, y in enumerate(ys):
            before = None  # number of a fill, and the column after the run
            for c, x in enumerate(xs):
                if block[r, c] == -2:
                    continue
                cell = (x, y + _GAP, width, high)
                if block[r, c] < 0:
                    dotted.append(cell)
                    continue
                number = fills[self._who(int(block[r, c]), int(warp[r, c]))] % len(theme.fills)
                if before == (number, c) and abs(xs[c - 1] + width - x) < 1e-6:
                    left, top, wide, _ = runs[number][-1]
                    runs[number][-1] = (left, top, wide + width, high)
                    rules.append(((x, y + _GAP), (x, y + _GAP + high)))
                else:
                    runs.setdefault(number, []).append(cell)
                before = (number, c + 1)
                count = int(stores[r, c])
                names = (str(lane[r, c]),) if count == 1 else (f"×{count}", str(count))
                wide = (width - _FRAME) / _NARROW if count > 1 else width
                fits = (each for each in names if text_width(each, bold=count > 1) <= wide)
                name = next(fits, "9+")
                narrow = min((width - _FRAME) / text_width(name, bold=True), 1) if count > 1 else 1
                half, middle = narrow * text_width(name) / 2 + 0.012, x + width / 2
                shades.setdefault(number, []).append((middle - half, y + 0.045, 2 * half, 0.145))
                if count > 1:
                    framed.append(cell)
                look = (theme.fill(number).text, count > 1, narrow)
                labels.setdefault(look, []).append((middle, y + _HEIGHT / 2, name))
        for number, boxes in runs.items():
            canvas.boxes(boxes, theme.fill(number), edge=theme.line)
            if theme.fill(number).hatch:
                canvas.boxes(shades[number], theme.fill(number).color, edge=None, above=1.5)
        canvas.rules(rules, color=theme.line)
        canvas.boxes(dotted, edge=theme.line, style=":", line=0.9)
        canvas.boxes(framed, line=2.2, above=2)
        for (color, bold, narrow), found in labels.items():
            canvas.labels(found, color=color, bold=bold, narrow=narrow)

    def _legend(self, canvas: Canvas, keys: list[tuple[int, str]], top: float, per: int) -> None:
        for at, (number, name) in enumerate(keys[:_MOST_KEYS]):
            x, y = at % per * (WIDTH / per), top + at // per * 0.22
            canvas.boxes([(x, y, 0.3, _KEY)], canvas.theme.fill(number), edge=canvas.theme.line)
            canvas.text(x + 0.36, y + _KEY / 2, name)
        if len(keys) > _MOST_KEYS:
            x, y = _MOST_KEYS % per * (WIDTH / per), top + _MOST_KEYS // per * 0.22
            text = f"and {len(keys) - _MOST_KEYS} more, as the table says; fills are used again"
            canvas.text(x, y + _KEY / 2, text, size=SMALL, color=canvas.theme.faint)


def _series(numbers: Any) -> str:
    """0 to 31; 5; 0, 0, 1, 1: numbers one after another, in the order of the elements."""
    found = numbers.tolist()
    if len(set(found)) == 1:
        return str(found[0])
    each = 1
    while found[each] == found[0]:
        each += 1
    if all(number == found[0] + at // each for at, number in enumerate(found)):
        return f"{found[0]} to {found[-1]}" + f", {each} each" * (each > 1)
    return ", ".join(map(str, found[:40])) + ", …" * (len(found) > 40)
