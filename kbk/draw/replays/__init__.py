"""`replay`: one block of a launch, step by step, to play, stop and turn back."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kbk.draw.picture import Picture
from kbk.draw.replays.order import RECORDED, TURNS
from kbk.draw.replays.profiled import grouping
from kbk.draw.replays.recorder import Choice, record
from kbk.draw.seen import LANES
from kbk.draw.show import in_notebook
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted
from kbk.sanitizer.history import Launch

MOST_STEPS = 4_000
_LAST = 1 << 16  # behind every interval that a record can tell


def replay(
    launch: Launch,
    block: int = 0,
    *,
    warps: Iterable[int] | None = None,
    intervals: tuple[int, int] | None = None,
    most_steps: int = MOST_STEPS,
    order: str | None = None,
) -> Replay:
    """Replay a block: its source, lanes, shared memory and tensors, one warp request after another.

        with kbk.profile() as p:
            mod.transpose(out, x)
        kbk.draw.replay(p.launches[0])

    A step is what lanes of one warp do together. Values have four significant digits. Shared memory
    that nobody has written is shown as poison.

    Args:
        launch: of ``kbk.profile()`` or ``kbk.sanitize()``.
        block: linear number of the block in the grid.
        warps: numbers of the block's warps that are shown; None: all. What the others write appears
            at once, before the next barrier.
        intervals: the first and the last interval between barriers that is shown, from 0: (1, 2) is
            what happens between the first barrier and the third. What was before is one step, what
            comes later is left out. None: all.
        most_steps: requests that are shown; the replay says how many more there are.
        order: "turns": between two barriers each warp makes its first request, then each its
            second, and so on. "recorded": as the simulator ran them. None: turns, unless a read
            would then find something else than it found.

    Raises:
        ArgumentError: the launch has no records of the block, or an argument is not as it must be.
    """
    if not isinstance(launch, Launch):
        raise ArgumentError(
            "replay: launch must be a launch of kbk.profile() or kbk.sanitize(), such as "
            f"p.launches[0]; it was {quoted(launch)}."
        )
    number = _whole("block", block, int(np.prod(launch.grid)) - 1)
    intervals_ = launch.records["interval"][launch.records["block"] == number]
    if len(intervals_) == 0:
        raise ArgumentError(
            f"replay: there are no records of block {number} of {launch.kernel} (launch "
            f"{launch.serial}): it touched no memory, or nothing was recorded."
        )
    count = -(-int(np.prod(launch.block)) // LANES)
    if order not in (None, TURNS, RECORDED):
        raise ArgumentError(
            f'replay: order must be "{TURNS}" or "{RECORDED}"; it was {quoted(order)}.'
        )
    choice = Choice(
        block=number,
        warps=_warps(warps, count),
        intervals=_intervals(intervals, int(intervals_.max())),
        most_steps=_whole("most_steps", most_steps, None, low=1),
        order=order,
    )
    return Replay(record(launch, choice, grouping(launch, number)))


class Replay:
    """A block to play. A notebook shows it; without JavaScript, its picture and its table.

    Attributes:
        data: what is replayed, as JSON has it; kbk/draw/replays/player/load.js says what it means.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    @cached_property
    def picture(self) -> Picture:
        """All steps at a glance, shared memory before the barriers, and a table of both."""
        from kbk.draw.replays import still

        return still.picture(self.data)

    def json(self) -> str:
        """The replay as JSON."""
        from kbk.draw.replays import page

        return page.packed(self.data)

    def save(self, path: str | Path) -> None:
        """Write it to a file.

        Args:
            path: ends in .html, for a page of its own that needs nothing else, or in .json.

        Raises:
            ArgumentError: the path ends in something else.
        """
        from kbk.draw.replays import page

        path = Path(path)
        if path.suffix == ".json":
            path.write_text(self.json(), encoding="utf-8")
        elif path.suffix == ".html":
            title = f"{self.data['kernel']}: a replay"
            path.write_text(page.document(title, self._repr_html_()), encoding="utf-8")
        else:
            raise ArgumentError(f"save: path must end in .html or .json; it was {str(path)!r}.")

    def show(self) -> None:
        """Show it in a notebook; elsewhere print its caption and its table."""
        if not in_notebook():
            print(self)
            return
        from IPython.display import HTML, display

        display(HTML(self._repr_html_()))  # type: ignore[no-untyped-call]

    def _repr_html_(self) -> str:
        from kbk.draw.replays import page

        return page.fragment(self.data, self._still)

    @cached_property
    def _still(self) -> str:
        return self.picture._repr_html_()

    def __repr__(self) -> str:
        notes = "".join(f"\n{note}" for note in self.data["notes"])
        return repr(self.picture).replace("[figure]", "[replay]", 1) + notes


def _whole(name: str, value: object, high: int | None, low: int = 0) -> int:
    """A whole number in a range."""
    span = f"from {low} on" if high is None else f"from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ArgumentError(f"replay: {name} must be an int {span}; it was {quoted(value)}.")
    if value < low or (high is not None and value > high):
        raise ArgumentError(f"replay: {name} must be {span}; it was {value}.")
    return int(value)


def _warps(warps: Iterable[int] | None, count: int) -> tuple[int, ...]:
    if warps is None:
        return tuple(range(count))
    if isinstance(warps, (str, bytes)) or not isinstance(warps, Iterable):
        raise ArgumentError(
            f"replay: warps must be numbers of warps, such as range(4); it was {quoted(warps)}."
        )
    found = sorted({_whole("each of warps", warp, count - 1) for warp in warps})
    if not found:
        raise ArgumentError(f"replay: warps must name at least one of the block's {count} warps.")
    return tuple(found)


def _intervals(intervals: tuple[int, int] | None, last: int) -> tuple[int, int]:
    if intervals is None:
        return 0, _LAST
    if not isinstance(intervals, (tuple, list)) or len(intervals) != 2:
        raise ArgumentError(
            "replay: intervals must be (first, last), numbers of intervals between barriers; it "
            f"was {quoted(intervals)}."
        )
    low = _whole("the first of intervals", intervals[0], last)
    return low, _whole("the last of intervals", intervals[1], last, low)


__all__ = ["MOST_STEPS", "Replay", "replay"]
