"""From requests to steps: what the player cannot work out for itself, in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from kbk.draw.replays import numbers
from kbk.draw.replays.arrays import Array, Arrays
from kbk.draw.replays.events import CHANGES, READS, Access, Meeting, lanes_of
from kbk.draw.replays.memory import Chains, Element, Memory, Piece, pieces_of
from kbk.draw.replays.requests import Request, cost_of
from kbk.sanitizer.history import SHARED

BARRIER, OTHERS = "B", "O"
COLUMNS = (
    "kind", "warp", "place", "mask", "array", "count", "base", "pattern",
    "value", "before", "left", "cost", "least",
)  # fmt: skip
"""Of a step; kbk/draw/replays/player/load.js says what each means."""

GIVE_MASKS = (5, 8, 9)
"""Operations of which the lanes get a mask: ballot and the two matches."""

_NEVER = -1  # bits that no element has

Number = numbers.Number
Values = list[Number]


@dataclass
class Table:
    """Different things with numbers, in the order in which they came."""

    items: list[Any] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, item: Any) -> int:
        """Of an item, which is added if it is new."""
        key = repr(item)
        if key not in self._numbers:
            self._numbers[key] = len(self.items)
            self.items.append(item)
        return self._numbers[key]


class Steps:
    """Adds up the steps of a replay, and keeps the memory that they make.

    Args:
        arrays: of the block.
        chains: of its atomic accesses.
        adds: whether the code at an address adds: an atomic access there is then told by what it
            adds.
        place: the number of the place of an address of the code.

    Attributes:
        odd: reads of something else than the steps before had left there.
    """

    def __init__(
        self,
        arrays: Arrays,
        chains: Chains,
        adds: Callable[[int], bool],
        place: Callable[[int], int],
    ) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        self.masks, self.patterns = Table(), Table()
        self.memory = Memory(arrays.all)
        self.start: dict[Element, int | None] = {}
        self.odd = 0
        self._arrays, self._chains = arrays, chains
        self._adds, self._place = adds, place
        self._last: dict[int, Values] = {}  # by thread, what it read or got last

    @property
    def arrays(self) -> list[Array]:
        """That the elements belong to, by number."""
        return self._arrays.all

    @property
    def count(self) -> int:
        """Steps so far."""
        return len(self.columns["kind"])

    def of(self, kind: str) -> list[int]:
        """The numbers of the steps of a kind."""
        return [n for n, each in enumerate(self.columns["kind"]) if each == kind]

    # --- the kinds of steps

    def request(self, request: Request, form: str | None = None) -> None:
        """A step in which lanes of one warp do something.

        Args:
            request: what.
            form: of a meeting, the dtype of what the lanes exchange.
        """
        told: dict[str, Any] = {"kind": request.kind, "warp": request.warp}
        told |= {"place": self._place(request.pc), "mask": self.masks.number(request.lanes)}
        told["cost"], told["least"] = cost_of(request)
        if request.meeting is not None:
            told |= self._meeting(request.meeting, form)
        else:
            lanes = sorted(request.accesses)
            accesses = [request.accesses[lane] for lane in lanes]
            pieces = [pieces_of(access, self._arrays) for access in accesses]
            told |= self._where(pieces)
            told |= self._values(accesses, pieces)
        self._add(told)

    def barrier(self, place: int, count: int) -> None:
        """All threads of the block meet, so many times with nothing in between."""
        self._add({"kind": BARRIER, "place": place, "count": count})

    def others(self, requests: Sequence[Request], used: Set[Element]) -> None:
        """What is not shown step by step: only what it left in memory is told.

        Args:
            requests: what is not shown.
            used: elements whose values are told, because steps that are shown need them. Of the
                others it is told who wrote them.
        """
        before, writers = dict(self.memory.bits), dict(self.memory.writer)
        last = dict(self._last)
        for request in requests:
            lanes = sorted(request.accesses)
            accesses = [request.accesses[lane] for lane in lanes]
            self._values(accesses, [pieces_of(access, self._arrays) for access in accesses])
        self._last = last  # what threads read in steps that nobody sees, nobody knows
        changed: dict[tuple[int, bool], list[int]] = {}
        for element, bits in self.memory.bits.items():
            if bits != before.get(element, _NEVER) or self._writer(element) != writers.get(
                element, -1
            ):
                changed.setdefault((element[0], element in used), []).append(element[1])
        told = []
        for (array, has_values), indices in sorted(changed.items()):
            indices.sort()
            threads = [self._writer((array, index)) for index in indices]
            values = [self._value((array, index)) for index in indices] if has_values else None
            told.append([array, _runs(indices, threads), values])
        self._add({"kind": OTHERS, "count": len(requests), "value": told})

    def _writer(self, element: Element) -> int:
        return self.memory.writer.get(element, -1)

    # --- parts of a step

    def _add(self, told: dict[str, Any]) -> None:
        for name, column in self.columns.items():
            column.append(told.get(name))

    def _where(self, pieces: list[list[Piece]]) -> dict[str, Any]:
        """Which elements: the array, the first index, and how the lanes go on from there."""
        firsts = [(each[0].array, each[0].index, len(each)) if each else None for each in pieces]
        alike = {(first[0], first[2]) if first else None for first in firsts}
        if len(alike) == 1 and None not in alike:
            ((array, count),) = [each for each in alike if each]
            index = [first[1] for first in firsts if first]
            pattern = self.patterns.number(_steps(index))
            return {"array": array, "count": count, "base": index[0], "pattern": pattern}
        return {"array": -1, "base": [list(first) if first else None for first in firsts]}

    def _values(self, accesses: list[Access], pieces: list[list[Piece]]) -> dict[str, Any]:
        kind = accesses[0].kind if accesses else ""
        if kind == CHANGES:
            return self._changes(accesses, pieces)
        return self._reads(accesses, pieces) if kind == READS else self._writes(accesses, pieces)

    def _reads(self, accesses: list[Access], pieces: list[list[Piece]]) -> dict[str, Any]:
        """Values are told where nobody can know them: read for the first time, or changed."""
        known = True
        values: Values = []
        for access, parts in zip(accesses, pieces, strict=True):
            mine: Values = []
            for piece in parts:
                if not self.memory.knows(piece):
                    known = False
                    unseen = piece.element not in self.memory.bits
                    is_shared = self._arrays.all[piece.array].space == SHARED
                    self.odd += is_shared or not unseen
                    self.memory.learn(piece)
                mine.append(self._value(piece.element))
            self._last[access.thread] = mine
            values += mine
        return {} if known else {"value": _short(values)}

    def _writes(self, accesses: list[Access], pieces: list[list[Piece]]) -> dict[str, Any]:
        """Values are told unless each lane stores what it has read or got last."""
        passed_on = True
        values: Values = []
        for access, parts in zip(accesses, pieces, strict=True):
            mine: Values = []
            for piece in parts:
                self.memory.write(piece, piece.bits, access.thread)
                mine.append(self._value(piece.element))
            passed_on = passed_on and self._last.get(access.thread) == mine
            values += mine
        return {} if passed_on else {"value": _short(values)}

    def _changes(self, accesses: list[Access], pieces: list[list[Piece]]) -> dict[str, Any]:
        """Atomic accesses: what each lane saw, and what it left.

        `value`: what the lanes left there, or, if all added to whole numbers, what they added.
        `left`: what is there since: None if they added, True for `value`, else values of its own.
        `before`: what they saw, if it is something else than the lanes before them left: the
        simulator ran the threads one after the other.
        """
        flat = [(a, piece) for a, parts in zip(accesses, pieces, strict=True) for piece in parts]
        adds = bool(flat) and all(self._is_sum(access, piece) for access, piece in flat)
        seen: Values = []
        there: Values = []
        value: Values = []
        left: Values = []
        for access, piece in flat:
            element = piece.element
            if element not in self.memory.bits and element in self._chains.first:
                self._begin(element)
            there.append(self._value(element))
            seen.append(self._number(piece.array, piece.bits))
            chained = self._chains.next(element)
            if adds:
                assert piece.after is not None and piece.bits is not None
                now, array = self.memory.now(element), self._arrays.all[piece.array]
                added = (piece.after - piece.bits) & piece.mask
                value.append(_signed(added, array))
                chained = None if now is None else (now + added) & piece.mask
            else:
                value.append(self._number(piece.array, piece.after))
            self.memory.write(piece, chained, access.thread)
            left.append(self._value(element))
            self._last[access.thread] = [seen[-1]]
        told: dict[str, Any] = {"value": _short(value)}
        if seen != there:
            told["before"] = _short(seen)
        if not adds:
            told["left"] = True if left == value else _short(left)
        return told

    def _is_sum(self, access: Access, piece: Piece) -> bool:
        array = self._arrays.all[piece.array]
        whole = piece.shift == 0 and piece.mask.bit_length() == 8 * array.itemsize
        is_int = array.dtype in ("int32", "uint32")
        known = piece.bits is not None and piece.after is not None
        return (
            whole
            and is_int
            and known
            and self._chains.whole[piece.element]
            and self._adds(access.pc)
        )

    def _begin(self, element: Element) -> None:
        """Let the replay begin with a value that no read will tell."""
        bits = self._chains.first[element]
        if self._arrays.all[element[0]].space != SHARED:
            self.start[element] = bits
            self.memory.bits[element] = bits

    def _meeting(self, meeting: Meeting, form: str | None) -> dict[str, Any]:
        """A collective: what each lane gave and got, if that is known."""
        told: dict[str, Any] = {"count": meeting.op}
        lanes = lanes_of(meeting.lanes)
        if meeting.op == 0 or any(lane not in meeting.given for lane in lanes):
            return told
        gave, got = zip(*(meeting.given[lane] for lane in lanes), strict=True)
        size = numbers.size_of(form or "") or 4
        if meeting.op in GIVE_MASKS:
            value: Values = [f"{bits:#010x}" for bits in got]
        else:
            value = [numbers.number(bits, form, size) for bits in got]
        for lane, each in zip(lanes, value, strict=True):
            self._last[meeting.warp * 32 + lane] = [each]
        return told | {
            "value": _short(value),
            "before": _short([numbers.number(bits, form, size) for bits in gave]),
        }

    # --- values

    def _value(self, element: Element) -> Number:
        return self._number(element[0], self.memory.now(element))

    def _number(self, array: int, bits: int | None) -> Number:
        if bits is None:
            return "?"
        its = self._arrays.all[array]
        return numbers.number(bits, its.dtype, its.itemsize)


def _signed(bits: int, array: Array) -> int:
    top = 1 << 8 * array.itemsize
    return bits - top if 2 * bits >= top else bits


def _steps(index: list[int]) -> list[int]:
    """How far each lane's index is from the first one's; [step] if all are as far apart."""
    offsets = [each - index[0] for each in index]
    step = offsets[1] if len(offsets) > 1 else 0
    if offsets == [step * n for n in range(len(offsets))]:
        return [step]
    return offsets


def _runs(indices: Sequence[int], threads: Sequence[int]) -> list[int]:
    """First index, length, first thread and step from thread to thread of each run, in a row."""
    found: list[list[int]] = []
    for index, thread in zip(indices, threads, strict=True):
        if found and found[-1][0] + found[-1][1] == index:
            first, count, since, step = found[-1]
            if count == 1 or since + count * step == thread:
                found[-1] = [first, count + 1, since, thread - since if count == 1 else step]
                continue
        found.append([index, 1, thread, 0])
    return [number for run in found for number in run]


def _short(values: Values) -> Values | Number:
    """One value if all are the same."""
    return values[0] if values and all(each == values[0] for each in values) else values
