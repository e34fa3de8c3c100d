"""From the records of one block to what each of its threads did, in its own order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kbk.sanitizer.history import (
    AFTER,
    ATOMIC,
    ATOMIC_LOAD,
    ATOMIC_STORE,
    CONTINUES,
    EXCHANGE,
    MEETING,
    READ,
    UNKNOWN,
    VOLATILE_READ,
    VOLATILE_WRITE,
    WRITE,
    Launch,
)

Array = np.ndarray[Any, Any]

LANES = 32
MOST_RECORDS = 400_000
"""Of a block; they take about ten seconds."""
WORD = 8  # bytes of a record's value

READS, WRITES, CHANGES = "R", "W", "A"
_KINDS = {
    READ: READS,
    ATOMIC_LOAD: READS,
    VOLATILE_READ: READS,
    WRITE: WRITES,
    ATOMIC_STORE: WRITES,
    VOLATILE_WRITE: WRITES,
    ATOMIC: CHANGES,
}


@dataclass(eq=False)
class Access:
    """One access of one thread.

    Attributes:
        thread: linear, in the block.
        kind: READS, WRITES or CHANGES (a value is read and written at once: atomics).
        pc, space, address, interval: as in a record.
        size: bytes.
        data: the bytes as a little endian number: what was read or written; of an atomic access
            what was there before. None if nobody saw it.
        after: of an atomic access what was there after it.
        at: the number of its first record in the launch.
    """

    thread: int
    kind: str
    pc: int
    space: int
    address: int
    interval: int
    at: int
    size: int = 0
    data: int | None = 0
    after: int | None = None


@dataclass(eq=False)
class Meeting:
    """Lanes of one warp that met in a collective.

    Attributes:
        warp: of the block.
        lanes: a mask.
        op: the operation, as in a record: 0 is __syncwarp.
        pc: of the call, 0 if it is not known.
        interval, at: as of an access.
        given: by lane the bits that it gave, and those that it got; empty if they are not known.
    """

    warp: int
    lanes: int
    op: int
    interval: int
    at: int
    pc: int = 0
    given: dict[int, tuple[int, int]] = field(default_factory=dict)


Event = Access | Meeting


def events_of(launch: Launch, block: int) -> list[list[list[Event]]]:
    """What the threads of a block did, by warp and lane, each in its order.

    A meeting stands in the list of each lane that took part: the same object.
    """
    x, y, z = launch.block
    warps = -(-x * y * z // LANES)
    lanes: list[list[list[Event]]] = [[[] for _ in range(LANES)] for _ in range(warps)]
    for event in _events(launch, block):
        if isinstance(event, Access):
            lanes[event.thread // LANES][event.thread % LANES].append(event)
            continue
        for lane in lanes_of(event.lanes):
            lanes[event.warp][lane].append(event)
    return lanes


def lanes_of(mask: int) -> list[int]:
    """The lanes that a mask names, in order."""
    return [lane for lane in range(LANES) if mask >> lane & 1]


def _events(launch: Launch, block: int) -> Iterator[Event]:
    """The events of a block as they happened in the simulator."""
    numbers = _fitting(launch, np.flatnonzero(launch.records["block"] == block))
    records = launch.records[numbers]
    names = ("address", "value", "pc", "thread", "interval", "bytes", "access", "space", "marks")
    columns = [numbers.tolist(), *(records[name].tolist() for name in names)]
    last: Access | None = None
    met: Meeting | None = None
    for at, address, value, pc, thread, interval, size, access, space, marks in zip(
        *columns, strict=True
    ):
        if access == EXCHANGE:
            if met is not None:
                met.given[thread % LANES] = (address, value)
                met.pc = pc
            continue
        if met is not None:
            yield met
            met = None
        second = bool(marks & AFTER)
        if last is not None and (marks & CONTINUES or second):
            _go_on(last, value, size, marks, second)
            continue
        if last is not None:
            yield last
            last = None
        if access == MEETING:
            met = Meeting(thread // LANES, address, size, interval, at, pc)
            continue
        last = Access(thread, _KINDS[access], pc, space, address, interval, at)
        _go_on(last, value, size, marks, False)
    if last is not None:
        yield last
    if met is not None:
        yield met


def _fitting(launch: Launch, numbers: Array) -> Array:
    """The records of a block that there is room for: up to a barrier, if possible."""
    if len(numbers) <= MOST_RECORDS:
        return numbers
    intervals = launch.records["interval"][numbers]
    until = np.searchsorted(np.cumsum(np.bincount(intervals)), MOST_RECORDS, side="right")
    return numbers[intervals < until] if until else numbers[:MOST_RECORDS]


def _go_on(access: Access, value: int, size: int, marks: int, second: bool) -> None:
    """Add the bytes of one record to the access that it belongs to."""
    unknown = bool(marks & UNKNOWN)
    if not second:
        have = access.data
        shifted = value << 8 * access.size
        access.data = None if unknown or have is None else have | shifted
        access.size += size
        return
    if not marks & CONTINUES:
        access.after = None if unknown else value
    elif access.after is not None:
        # Atomic accesses of more than a word: the second word of what is there since.
        access.after = None if unknown else access.after | value << 8 * WORD
