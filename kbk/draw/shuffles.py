"""Lanes by steps: what the lanes of a warp gave in its shuffles and votes, and who read whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbk.draw.canvas import Box, Canvas
from kbk.draw.picture import Picture
from kbk.draw.replays import numbers
from kbk.draw.requests import ranges
from kbk.draw.rounds import Round, cone, reach, rounds_of, steps_of, warps_that_met
from kbk.draw.seen import LANES, block_name, checked, many
from kbk.draw.sheet import WIDTH, shortened, text_width
from kbk.draw.theme import Theme
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.sanitizer.history import Launch

MOST_ROUNDS = 6
_LEFT, _RIGHT = 0.5, 1.15  # inches beside the lanes
_WIDE = (WIDTH - _LEFT - _RIGHT) / LANES
_BETWEEN = 0.4
_HEAD = 0.3
_FLAT = 0.17
_ANEW = 0.26  # between what lanes got and what they gave after they had loaded
_LEGEND = 0.2


def shuffle(
    launch: Launch,
    *,
    warp: int = 0,
    block: int = 0,
    dtype: Any | Sequence[Any] | None = None,
    lane: int | None = None,
    first: int = 0,
) -> Picture:
    """Picture the shuffles and votes of a warp: 32 lanes across, a row for each step.

    A cell has the value that its lane gave. Lines lead from the lane that was read to the lane that
    read it. Shuffles one behind the other that read the same lanes, such as those of a value and
    of its index, stand in one row. What leads to the result of one lane is filled and drawn thick.
    Where lanes gave what they had loaded since the row before, nothing leads on from that row: its
    results stand below it, and the next row begins anew. That is seen from the bits, so a load that
    happens to have found the same value counts as well.

    Args:
        launch: of ``kbk.profile()``.
        warp: of the block.
        block: linear number of the block in the grid.
        dtype: of the values, of torch or its name, or one for each value of a row. None: the bits
            decide: small whole numbers, else floats.
        lane: whose result is followed back; None: the first that values of most lanes have reached.
        first: the first of the rows that are shown, at most 6.

    Raises:
        ArgumentError: that warp exchanged no values, there is no such row or dtype.
    """
    launch = checked("shuffle", launch)
    met = warps_that_met(launch)
    if not met:
        raise ArgumentError(f"shuffle: no warp of {launch.kernel} exchanged values.")
    if (block, warp) not in met:
        blocks = list(dict.fromkeys(b for b, _ in met))
        some = "; ".join(
            f"of block {each} warps {ranges(w for b, w in met if b == each)}" for each in blocks[:4]
        )
        more = f"; and of {len(blocks) - 4:,} more blocks" * (len(blocks) > 4)
        raise ArgumentError(
            f"shuffle: warp {warp!r} of block {block!r} of {launch.kernel} exchanged no values; "
            f"these did: {some}{more}."
        )
    if lane is not None and (
        isinstance(lane, bool) or not isinstance(lane, int) or not 0 <= lane < LANES
    ):
        raise ArgumentError(f"shuffle: lane must be 0 to 31; it was {quoted(lane)}.")
    rounds = rounds_of(launch, steps_of(launch, block, warp), _dtypes(dtype))
    if isinstance(first, bool) or not isinstance(first, int) or not 0 <= first < len(rounds):
        raise ArgumentError(
            f"shuffle: first must be 0 to {len(rounds) - 1}, a row of the warp; it was "
            f"{quoted(first)}."
        )
    shown = rounds[first : first + MOST_ROUNDS]
    if lane is None:
        far = reach(shown)
        lane = max(far, key=lambda each: len(far[each]))  # of several the first
    picture = _Shuffle(
        launch,
        block,
        warp,
        shown,
        first,
        len(rounds),
        lane,
        sum(len(each.steps) for each in rounds[:first]),
    )
    head = ["step", "operation", "line", "what", *(f"lane {each}" for each in range(LANES))]
    return Picture(picture.caption(), picture.alt(), head, picture.rows(), picture.draw)


def _dtypes(dtype: Any | Sequence[Any] | None) -> tuple[str, ...]:
    several = isinstance(dtype, (list, tuple))
    given = () if dtype is None else tuple(dtype) if several else (dtype,)
    names = tuple(str(each).removeprefix("torch.") for each in given)
    for name in names:
        if numbers.size_of(name) is None:
            raise ArgumentError(
                f"shuffle: dtype must be the name of a number's type, such as 'float32', or "
                f"several; it was {quoted(dtype)}."
            )
    return names


@dataclass(frozen=True)
class _Shuffle:
    """The words and the drawing of one picture."""

    launch: Launch
    block: int
    warp: int
    rounds: list[Round]
    first: int
    total: int
    lane: int
    steps_before: int

    # --- words

    def caption(self) -> str:
        """What was found, with the numbers."""
        shuffles = sum(len(each.steps) for each in self.rounds if each.shuffles)
        others = sum(len(each.steps) for each in self.rounds if not each.shuffles)
        did = [many(shuffles, "shuffle")] * (shuffles > 0) + [f"{others} other collectives"] * (
            others > 0
        )
        did = [text.replace("1 other collectives", "1 other collective") for text in did]
        who = f"Warp {self.warp} of {block_name(self.launch, self.block)}"
        said = [
            f"{who} of {self.launch.kernel}: {' and '.join(did)} in {many(len(self.rounds), 'row')}"
            f" ({'; '.join(dict.fromkeys(each.what for each in self.rounds))})."
        ]
        if shuffles:
            met = reach(self.rounds)
            most = max(map(len, met.values()))
            whole = sum(len(each) == most for each in met.values())
            lanes = "every lane" if whole == LANES else many(whole, "lane")
            has = "has" if whole in (1, LANES) else "have"
            fresh = [row for row, each in self._begun() if len(each.anew) == len(each.lanes)]
            since = f"Since row {fresh[-1]}" if fresh else "Behind them"
            said += [_begins(row, each) for row, each in self._begun()]
            said.append(f"{since} {lanes} {has} met values of {many(most, 'lane')}.")
            said.append(
                f"Filled and thick: what leads to lane {self.lane}, values of "
                f"{many(len(met[self.lane]), 'lane')}."
            )
        if self.total > len(self.rounds):
            last = self.first + len(self.rounds)
            said.append(f"Shown are rows {self.first + 1} to {last} of {self.total}.")
        return " ".join(said)

    def _begun(self) -> list[tuple[int, Round]]:
        """The rows in which lanes begin anew, with their numbers."""
        rows = list(enumerate(self.rounds, self.first + 1))
        return [(row, each) for row, each in rows[1:] if each.anew]

    def alt(self) -> str:
        """What the picture shows, without colour."""
        who = f"Warp {self.warp} of {block_name(self.launch, self.block)}"
        said = [f"{who}, 32 lanes from left to right, {many(len(self.rounds), 'row')}."]
        for number, each in enumerate(self.rounds, self.first + 1):
            lanes = each.lanes
            values = "; ".join(
                f"lane {lanes[0]} gave {gave[lanes[0]]} and got {got[lanes[0]]}, lane {lanes[-1]} "
                f"gave {gave[lanes[-1]]} and got {got[lanes[-1]]}"
                for gave, got in zip(each.values, each.results, strict=True)
            )
            if (number, each) in self._begun():
                said.append(_begins(number, each))
            said.append(f"Row {number}, {each.what}: {values}.")
        return " ".join(said)

    def rows(self) -> list[list[object]]:
        """The table: three lines for each step."""
        rows: list[list[object]] = []
        number = self.steps_before
        for each in self.rounds:
            for at, step in enumerate(each.steps):
                number += 1
                place = each.places[at]
                line = f"{place.file}:{place.line}" if place.file else ""
                told = [number, each.what, line]
                lanes = range(LANES)
                rows.append([*told, f"gave, {each.dtypes[at]}", *_across(each.values[at])])
                if step.source:
                    source = [step.source.get(lane, "") for lane in lanes]
                    rows.append([*told, "read lane", *source])
                rows.append([*told, "got", *_across(each.results[at])])
        return rows

    # --- drawing

    def draw(self, theme: Theme) -> Figure:
        """Rows of cells with lines between them."""
        last = self.rounds[-1]
        pairs = list(zip(self.rounds, [*self.rounds[1:], last], strict=True))
        highs = [[_high(values) for values in each.values] for each in self.rounds]
        ends = [each.shuffles and (each is last or bool(then.anew)) for each, then in pairs]
        afters = [
            [_high(values) for values in each.results] if end else []
            for each, end in zip(self.rounds, ends, strict=True)
        ]
        height = _HEAD + sum(
            sum(high) + self._gap(each) for high, each in zip(highs, self.rounds, strict=True)
        )
        height += sum(map(sum, afters)) + _ANEW * sum(ends[:-1]) + 0.04 + _LEGEND
        canvas = Canvas(theme, height)
        for number in range(LANES):
            if number % 4 == 0 or number == LANES - 1:
                x = _LEFT + (number + 0.5) * _WIDE
                canvas.text(x, _HEAD - 0.06, str(number), at="center bottom", color=theme.faint)
        canvas.text(_LEFT - 0.07, _HEAD - 0.06, "lane", at="right bottom", color=theme.faint)
        needed = cone(self.rounds, self.lane)
        y = _HEAD
        for at, (each, high) in enumerate(zip(self.rounds, highs, strict=True)):
            canvas.text(_LEFT - 0.07, y + sum(high) / 2, "gave", at="right middle")
            self._values(canvas, y, high, each.values, needed[at])
            self._label(canvas, y, each)
            y += sum(high)
            after = needed[at + 1] - (pairs[at][1].anew if each is not last else frozenset())
            if each.shuffles:
                self._lines(canvas, y, each, after)
            y += self._gap(each)
            if ends[at]:
                high = afters[at]
                canvas.text(_LEFT - 0.07, y + sum(high) / 2, "got", at="right middle")
                self._values(canvas, y, high, each.results, after)
                y += sum(high)
                if each is not last:
                    canvas.text(_LEFT, y + _ANEW / 2, "below: loaded since", at="left middle")
                    y += _ANEW
        if any(each.shuffles for each in self.rounds):
            text = f"filled, thick line: leads to lane {self.lane}; dot: the lane that read"
            canvas.text(_LEFT, y + 0.04 + _LEGEND / 2, text, color=theme.faint)
        return canvas.figure

    @staticmethod
    def _gap(each: Round) -> float:
        return _BETWEEN if each.shuffles else 0.42  # room for the three lines of its label

    def _values(
        self,
        canvas: Canvas,
        top: float,
        highs: list[float],
        values: tuple[dict[int, str], ...],
        needed: set[int],
    ) -> None:
        theme = canvas.theme
        fill = theme.fill(0)
        for high, by_lane in zip(highs, values, strict=True):
            cells: dict[bool, list[Box]] = {True: [], False: []}
            labels: dict[bool, list[tuple[float, float, str]]] = {True: [], False: []}
            absent: list[Box] = []
            for lane in range(LANES):
                x = _LEFT + lane * _WIDE
                if lane not in by_lane:
                    absent.append((x, top, _WIDE, high))
                    continue
                mine = lane in needed
                cells[mine].append((x, top, _WIDE, high))
                labels[mine].append((x + _WIDE / 2, top + high / 2, by_lane[lane]))
            canvas.boxes(cells[True], fill, edge=theme.line)
            canvas.boxes(cells[False], edge=theme.line)
            canvas.boxes(absent, edge=theme.line, style=":")
            turn = 90 if high > _FLAT else 0
            canvas.labels(labels[True], color=fill.text, turn=turn)
            canvas.labels(labels[False], turn=turn)
            top += high

    def _label(self, canvas: Canvas, top: float, each: Round) -> None:
        """The operation, the lines of its calls, and the result that all lanes share."""
        x = WIDTH - _RIGHT + 0.08
        canvas.text(x, top + 0.08, each.what, bold=True)
        lines = list(dict.fromkeys(place.line for place in each.places if place.line))
        where = f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}" if lines else ""
        canvas.text(x, top + 0.24, where, color=canvas.theme.faint)
        results = set(each.results[0].values())
        if not each.shuffles:
            result = results.pop() if len(results) == 1 else f"{len(results)} results"
            canvas.text(x, top + 0.40, shortened(f"→ {result}", _RIGHT - 0.08))

    def _lines(self, canvas: Canvas, top: float, each: Round, needed: set[int]) -> None:
        """From the lanes that were read to those that read them."""
        theme = canvas.theme
        found: dict[bool, list[list[tuple[float, float]]]] = {True: [], False: []}
        for lane, source in each.source.items():
            if source == lane:
                continue
            ends = [_LEFT + (one + 0.5) * _WIDE for one in (source, lane)]
            found[lane in needed].append([(ends[0], top + 0.02), (ends[1], top + _BETWEEN - 0.05)])
        canvas.rules(found[False], color=theme.line, width=0.5)
        canvas.rules(found[True], color=theme.ink, width=1.3)
        heads = [line[1] for lines in found.values() for line in lines]
        canvas.dots([(x, y + 0.02) for x, y in heads], size=2.2)


def _begins(row: int, each: Round) -> str:
    """That lanes gave what they had loaded."""
    count = len(each.anew)
    if count == len(each.lanes):
        return f"Row {row} begins anew: nothing leads to it, what it gives was loaded since."
    begin = "begins" if count == 1 else "begin"
    return f"In row {row} {many(count, 'lane')} {begin} anew with what had been loaded since."


def _high(values: dict[int, str]) -> float:
    """Inches, of cells with these values: upright if one of them is too wide."""
    widest = max(map(text_width, values.values()))
    return _FLAT if widest <= _WIDE - 0.01 else widest + 0.1


def _across(values: dict[int, str]) -> list[object]:
    return [values.get(lane, "") for lane in range(LANES)]
