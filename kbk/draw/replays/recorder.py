"""From the history of a launch to the JSON of a replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import numpy as np

from kbk.draw.replays import numbers
from kbk.draw.replays.arrays import Array, Arrays
from kbk.draw.replays.events import CHANGES, MOST_RECORDS, Access, Meeting, events_of
from kbk.draw.replays.memory import Chains, Element, Memory, final, pieces_of
from kbk.draw.replays.order import RECORDED, TURNS, merged
from kbk.draw.replays.requests import Grouping, Request, by_lowest_place, reads_first
from kbk.draw.replays.sources import Sources
from kbk.draw.replays.steps import GIVE_MASKS, Steps
from kbk.draw.seen import many
from kbk.sanitizer.history import GLOBAL, SHARED, Launch
from kbk.sanitizer.past import spread

VERSION = 1
_SPACES = {SHARED: "shared", GLOBAL: "global"}


@dataclass(frozen=True)
class Choice:
    """What of a launch is replayed.

    Attributes:
        block: linear number.
        warps: of the block, in order; the others' writes appear all at once.
        intervals: the first and the last one; what was before is one step, what comes later is not
            shown.
        most_steps: requests that are shown; later ones are left out.
        order: TURNS or RECORDED, or None: TURNS if every read then finds what it found.
    """

    block: int
    warps: tuple[int, ...]
    intervals: tuple[int, int]
    most_steps: int
    order: str | None = None


def record(launch: Launch, choice: Choice, group: Grouping = by_lowest_place) -> dict[str, Any]:
    """The replay of one block as an object for JSON.

    Args:
        launch: with records.
        choice: what to show.
        group: makes requests of what the lanes did.
    """
    lanes = events_of(launch, choice.block)
    warps = [reads_first(group(number, events)) for number, events in enumerate(lanes)]
    accesses = [e for warp in lanes for events in warp for e in events if isinstance(e, Access)]
    block = _Block(launch, choice, warps, accesses)
    if choice.order is not None:
        return block.told(choice.order)
    told = block.told(TURNS)
    if block.wrong == 0:
        return told
    wrong, recorded = block.wrong, block.told(RECORDED)
    if block.wrong >= wrong:
        return told
    recorded["notes"].append(
        "The warps are shown as the simulator ran them. If they took turns, threads would find "
        "other values in memory: they race, or one waits for another without a barrier."
    )
    return recorded


class _Block:
    """One block, and what its replay needs however it is ordered."""

    def __init__(
        self,
        launch: Launch,
        choice: Choice,
        warps: list[list[Request]],
        accesses: list[Access],
    ) -> None:
        self._launch, self._choice, self._warps = launch, choice, warps
        self._accesses = accesses
        self._arrays = Arrays(launch, choice.block, accesses)
        self._sources = Sources(launch, (each.pc for each in chain.from_iterable(warps)))
        self._final = final(accesses, self._arrays)
        self._forms = _forms(chain.from_iterable(warps))
        self._last = max(each.interval for each in chain.from_iterable(warps))
        self.wrong = 0  # of the order told last: reads, and elements at the end, that differ

    def told(self, order: str) -> dict[str, Any]:
        """The replay in this order."""
        launch, choice, sources = self._launch, self._choice, self._sources
        chains = Chains(self._accesses, self._arrays)
        steps = Steps(self._arrays, chains, sources.adds, sources.place)
        left_out = self._run(steps, merged(self._warps, order))
        is_whole = steps.count and not left_out and choice.intervals[1] >= self._last
        self.wrong = steps.odd + (_differences(steps.memory, self._final) if is_whole else 0)
        x, y, z = launch.block
        return {
            "version": VERSION,
            "kernel": launch.kernel,
            "grid": list(launch.grid),
            "block": list(spread(choice.block, launch.grid)),
            "threads": [x, y, z],
            "warps": list(choice.warps),
            "first": choice.intervals[0],
            "order": order,
            "notes": self._notes(steps, left_out),
            "sources": sources.shown(),
            "places": sources.places,
            "arrays": [_array(array) for array in self._arrays.all],
            "start": _columns(steps),
            "masks": steps.masks.items,
            "patterns": steps.patterns.items,
            "steps": {name: _packed(name, column) for name, column in steps.columns.items()},
        }

    # --- the steps

    def _run(self, steps: Steps, requests: list[Request]) -> int:
        """Add all steps; return how many requests of the chosen ones there is no room for."""
        low, high = self._choice.intervals
        before = [each for each in requests if each.interval < low]
        inside = [each for each in requests if low <= each.interval <= high]
        shown = [each for each in inside if each.warp in self._choice.warps]
        shown = shown[: self._choice.most_steps]
        used = self._touched(shown) if before or len(shown) < len(inside) else set()
        if before:
            steps.others(before, used)
        last: list[Request] = []
        room = self._choice.most_steps
        for interval, group in groupby(inside, key=lambda each: each.interval):
            now = list(group)
            mine = [each for each in now if each.warp in self._choice.warps]
            if last:
                self._barrier(steps, last, now, interval - last[0].interval)
            for request in mine[:room]:
                steps.request(request, self._forms.get(request.pc))
            if len(mine) > room:
                break
            room -= len(mine)
            if len(mine) < len(now):
                hidden = [each for each in now if each.warp not in self._choice.warps]
                steps.others(hidden, used)
            last = now
        return sum(each.warp in self._choice.warps for each in inside) - len(shown)

    def _touched(self, requests: Iterable[Request]) -> set[Element]:
        """The elements that some requests touch."""
        return {
            piece.element
            for request in requests
            for access in request.accesses.values()
            for piece in pieces_of(access, self._arrays)
        }

    def _barrier(self, steps: Steps, last: list[Request], now: list[Request], count: int) -> None:
        before = {each.warp: each.pc for each in last}
        after = {each.warp: each.pc for each in reversed(now)}
        place = self._sources.barrier([*before.values()], [*after.values()]) if count == 1 else -1
        steps.barrier(place, count)

    # --- what is said beside them

    def _notes(self, steps: Steps, left_out: int) -> list[str]:
        launch, choice = self._launch, self._choice
        notes = []
        if len(choice.warps) < len(self._warps):
            hidden = len(self._warps) - len(choice.warps)
            notes.append(
                f"{hidden} of the block's {len(self._warps)} warps are not shown step by step: "
                "what they write appears at once, before the next barrier."
            )
        if choice.intervals[0] > 0:
            notes.append("What happened before is in the first step, all at once.")
        if choice.intervals[1] < self._last:
            notes.append(f"What happens after barrier {choice.intervals[1] + 1} is left out.")
        if left_out:
            notes.append(
                f"Only the first {choice.most_steps:,} requests are shown; {left_out:,} more are "
                "left out."
            )
        count = int(np.count_nonzero(launch.records["block"] == choice.block))
        if count > MOST_RECORDS:
            notes.append(
                f"The block has {count:,} records. Those are shown that fit into {MOST_RECORDS:,}: "
                f"up to barrier {self._last + 1}, or less."
            )
        if not launch.complete:
            notes.append("The record of this launch was full before its end: the rest is missing.")
        if launch.ended:
            notes.append("The launch was ended before its end.")
        if any(steps.columns["before"][n] is not None for n in steps.of(CHANGES)):
            notes.append(
                "The simulator runs the threads one after another; here the lanes of a warp act "
                "side by side. What an atomic access returned is told as it was, so it may be out "
                "of order."
            )
        if steps.odd:
            notes.append(
                f"{many(steps.odd, 'read')} found something else than earlier steps left there: "
                "another block wrote it, or threads of this one did not act in the order that is "
                "shown (they race, or hold a lock)."
            )
        return notes


def _array(array: Array) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": array.name,
        "space": _SPACES.get(array.space, "module"),
        "dtype": array.dtype or "",
        "bytes": array.itemsize,
        "size": array.nbytes // array.itemsize,
        "shape": list(array.shape),
        "lead": array.lead,
    }
    if array.strides:
        told["strides"] = list(array.strides)
    if array.step != 1 or array.first:
        told |= {"step": array.step, "from": array.first}
    if array.per != 1:
        told["per"] = array.per
    if array.space == SHARED:
        told["poison"] = numbers.number((1 << 8 * array.itemsize) - 1, array.dtype, array.itemsize)
    return told


def _packed(name: str, column: list[Any]) -> Any:
    """A column in few characters: kinds as one text, nothing at all as None."""
    if name == "kind":
        return "".join(column)
    return None if all(each is None for each in column) else column


def _columns(steps: Steps) -> list[list[Any]]:
    """What is there before the first step: array, indices, values."""
    found: dict[int, list[Any]] = {}
    for (array, index), bits in steps.start.items():
        its = steps.arrays[array]
        row = found.setdefault(array, [array, [], []])
        row[1].append(index)
        row[2].append("?" if bits is None else numbers.number(bits, its.dtype, its.itemsize))
    return list(found.values())


def _differences(memory: Memory, other: Memory) -> int:
    """Elements that do not hold the same."""
    return sum(memory.bits.get(element) != bits for element, bits in other.bits.items())


def _forms(requests: Iterator[Request]) -> dict[int, str | None]:
    """By the call of a collective, the dtype that what its lanes exchange seems to have."""
    seen: dict[int, list[int]] = {}
    for request in requests:
        meeting: Meeting | None = request.meeting
        if meeting is not None:
            for gave, got in meeting.given.values():
                told = [gave] if meeting.op in GIVE_MASKS else [gave, got]
                seen.setdefault(request.pc, []).extend(told)
    forms = {}
    for pc, values in seen.items():
        size = 4 if max(values) < 1 << 32 else 8
        forms[pc] = numbers.guess(values, size)
    return forms
