"""From what single threads did to requests of warps: the lanes side by side, as a GPU runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kbk.draw.replays.events import CHANGES, LANES, READS, WRITES, Access, Event, Meeting, lanes_of
from kbk.profiler import counted
from kbk.sanitizer.history import SHARED


@dataclass(eq=False)
class Request:
    """What lanes of one warp did together.

    Attributes:
        warp: of the block.
        interval: how many __syncthreads the block had passed.
        pc: of the code.
        accesses: by lane; empty of a meeting.
        meeting: a collective, or None.
        kept: what the profiler has kept of it: cost, and the least.
    """

    warp: int
    interval: int
    pc: int
    accesses: dict[int, Access] = field(default_factory=dict)
    meeting: Meeting | None = None
    kept: tuple[int, int] | None = None

    @property
    def kind(self) -> str:
        """Of its accesses, or "X" of a meeting."""
        return "X" if self.meeting is not None else self.first.kind

    @property
    def first(self) -> Access:
        """The access of its lowest lane."""
        return self.accesses[min(self.accesses)]

    @property
    def lanes(self) -> int:
        """The lanes that take part, as a mask."""
        if self.meeting is not None:
            return self.meeting.lanes
        return sum(1 << lane for lane in self.accesses)

    @property
    def at(self) -> int:
        """The number of its last record in the launch."""
        if self.meeting is not None:
            return self.meeting.at
        return max(access.at for access in self.accesses.values())


Grouping = Callable[[int, Sequence[Sequence[Event]]], list[Request]]
"""Makes the requests of a warp, in order, from its number and the events of its lanes."""


def by_lowest_place(warp: int, lanes: Sequence[Sequence[Event]]) -> list[Request]:
    """Of the lanes that have something left, those at the lowest address of the code go first.

    No lane passes a __syncthreads before the others have come to it. A collective waits until its
    lanes are there.
    """
    position = [0] * len(lanes)
    requests: list[Request] = []
    while True:
        heads = {
            lane: events[position[lane]]
            for lane, events in enumerate(lanes)
            if position[lane] < len(events)
        }
        if not heads:
            return requests
        request = _next(warp, heads)
        requests.append(request)
        for lane in lanes_of(request.lanes):
            if lane in heads:
                position[lane] += 1


def _next(warp: int, heads: dict[int, Event]) -> Request:
    now = min(event.interval for event in heads.values())
    here = {lane: event for lane, event in heads.items() if event.interval == now}
    accesses = {lane: event for lane, event in here.items() if isinstance(event, Access)}
    meetings = [event for event in here.values() if isinstance(event, Meeting)]
    meeting = min(meetings, key=lambda each: each.at, default=None)
    lowest = min((_place(access) for access in accesses.values()), default=None)
    if meeting is not None and (lowest is None or _goes_first(meeting, heads, lowest[0])):
        return Request(warp, now, meeting.pc, meeting=meeting)
    together = {lane: access for lane, access in accesses.items() if _place(access) == lowest}
    return request_of(warp, together)


def _goes_first(meeting: Meeting, heads: dict[int, Event], lowest: int) -> bool:
    """Whether a meeting is due before the accesses at the lowest address of the code."""
    there = all(heads.get(lane) is meeting for lane in lanes_of(meeting.lanes))
    return there and 0 < meeting.pc <= lowest


def _place(access: Access) -> tuple[int, str, int, int]:
    # `x += 1` may read and write at one address of the code: each lane reads first.
    return access.pc, access.kind, access.space, access.size


def request_of(warp: int, accesses: dict[int, Access]) -> Request:
    """The request that these accesses of a warp's lanes are."""
    first = next(iter(accesses.values()))
    return Request(warp, first.interval, first.pc, accesses)


def cost_of(request: Request) -> tuple[int, int]:
    """What a request costs, and the least for so many bytes: as the profiler counts.

    Sectors of 32 bytes, or, of shared memory, wavefronts. Where the profiler has kept no request,
    an atomic access is taken for one whose result nobody uses.
    """
    if request.meeting is not None:
        return 0, 0
    if request.kept is not None:
        return request.kept
    first = request.first
    addresses: list[int | None] = [None] * LANES
    for lane, access in request.accesses.items():
        addresses[lane] = access.address
    kind = {READS: counted.LOAD, WRITES: counted.STORE, CHANGES: counted.RED}[first.kind]
    cost = counted.cost(first.space == SHARED, kind, first.size, addresses)
    return cost.cost, cost.ideal


_MOST_PIECES = 4


def reads_first(requests: list[Request]) -> list[Request]:
    """The requests of a warp with each copy of a struct in the order in which it happens.

    GCC tells of all that such a copy writes before all that it reads. A bfloat16 is a struct, too.
    """
    found = list(requests)
    at = 0
    while at < len(found):
        for count in range(1, _MOST_PIECES + 1):
            writes, reads = found[at : at + count], found[at + count : at + 2 * count]
            if len(reads) == count and _is_copy(writes, reads):
                found[at : at + 2 * count] = [*reads, *writes]
                at += 2 * count - 1
                break
        at += 1
    return found


def _is_copy(writes: Sequence[Request], reads: Sequence[Request]) -> bool:
    """Whether each lane wrote the bytes that it read directly after."""
    return all(
        write.kind == WRITES
        and read.kind == READS
        and write.accesses.keys() == read.accesses.keys()
        and all(
            _follows(access, read.accesses[lane], len(writes))
            for lane, access in write.accesses.items()
        )
        for write, read in zip(writes, reads, strict=True)
    )


def _follows(write: Access, read: Access, pieces: int) -> bool:
    """Whether a read of the same bytes stands in the record right behind the writes."""
    same = write.size == read.size and write.data is not None and write.data == read.data
    return (
        same
        and 0 < read.at - write.at <= pieces * -(-write.size // 8)
        and not _overlap(write, read)
    )


def _overlap(one: Access, other: Access) -> bool:
    apart = one.address + one.size <= other.address or other.address + other.size <= one.address
    return one.space == other.space and not apart
