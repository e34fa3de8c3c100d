"""The steps of a replay, read back from its JSON: what the picture and the table need of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kbk.draw.replays.events import CHANGES, READS, WRITES, lanes_of
from kbk.draw.replays.steps import BARRIER, OTHERS

Told = dict[str, Any]
"""A replay, as kbk/draw/replays/recorder.py makes it."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        number: from 0.
        kind: READS, WRITES, CHANGES, "X" of a collective, BARRIER or OTHERS.
        interval: barriers that the block had passed before it.
        warp, place: as in the columns, -1 for none.
        lanes: that take part.
        touched: array and index of each element; of OTHERS what changed.
        cost, least: sectors or wavefronts.
        count: of BARRIER, how many; of OTHERS, how many requests.
    """

    number: int
    kind: str
    interval: int
    warp: int
    place: int
    lanes: list[int]
    touched: list[tuple[int, int]]
    cost: int
    least: int
    count: int

    @property
    def is_access(self) -> bool:
        """Whether it is a request for memory."""
        return self.kind in (READS, WRITES, CHANGES)


def steps_of(told: Told) -> Iterator[Step]:
    """The steps of a replay, in order."""
    interval = told["first"]
    columns = told["steps"]
    for number in range(len(columns["kind"])):
        row = {name: column and column[number] for name, column in columns.items()}
        lanes = lanes_of(told["masks"][row["mask"]]) if row["mask"] is not None else []
        step = Step(
            number,
            row["kind"],
            interval,
            -1 if row["warp"] is None else row["warp"],
            -1 if row["place"] is None else row["place"],
            lanes,
            list(_touched(told, row, lanes)),
            row["cost"] or 0,
            row["least"] or 0,
            row["count"] or 0,
        )
        yield step
        if step.kind == BARRIER:
            interval += step.count


def _touched(told: Told, row: Told, lanes: list[int]) -> Iterator[tuple[int, int]]:
    if row["kind"] == OTHERS:
        for array, runs, _ in row["value"]:
            for first, count in zip(runs[::4], runs[1::4], strict=True):
                yield from ((array, first + n) for n in range(count))
    elif row["array"] == -1:
        for where in row["base"]:
            if where is not None:
                array, first, count = where
                yield from ((array, first + n) for n in range(count))
    elif row["array"] is not None:
        pattern = told["patterns"][row["pattern"]]
        for at in range(len(lanes)):
            offset = at * pattern[0] if len(pattern) == 1 else pattern[at]
            first = row["base"] + offset
            yield from ((row["array"], first + n) for n in range(row["count"]))
