"""Questions to the history of a launch: who wrote these bytes, and what it had read before."""

from __future__ import annotations

from typing import Any

import numpy as np

from kbk.sanitizer.history import (
    AFTER,
    ATOMIC,
    ATOMIC_LOAD,
    ATOMIC_STORE,
    CONTINUES,
    MEETING,
    READ,
    SHARED,
    SYNC,
    UNKNOWN,
    VOLATILE_READ,
    VOLATILE_WRITE,
    WRITE,
    Launch,
)

Array = np.ndarray[Any, Any]

LANES = 32
_STORES = (WRITE, ATOMIC_STORE, VOLATILE_WRITE)
_MOST_PASSED = 8
_LOADS = (READ, ATOMIC_LOAD, VOLATILE_READ)


class Past:
    """Looks up one launch. An access is named by the number of its first record, in order of time.

    An atomic access has two numbers: one as a read, and a later one as a write.
    """

    def __init__(self, launch: Launch) -> None:
        records = self.records = launch.records
        self._starts = (records["marks"] & CONTINUES) == 0
        self._writes, self._reads = writes(records), reads(records)
        self._shared = records["space"] == SHARED
        self._blocks: dict[int, Array] = {}

    # --- one access

    def bytes_of(self, access: int) -> tuple[int, bytes | None]:
        """Address and bytes of an access; None for bytes that nobody saw.

        The bytes are those read, or those stored.
        """
        parts = self.records[access : self._end(access)]
        if np.any(parts["marks"] & UNKNOWN):
            return int(parts["address"][0]), None
        data = b"".join(
            int(value).to_bytes(8, "little")[:size]
            for value, size in zip(parts["value"], parts["bytes"], strict=True)
        )
        return int(parts["address"][0]), data

    def size_of(self, access: int) -> int:
        """Bytes of an access."""
        return int(self.records["bytes"][access : self._end(access)].sum())

    def _end(self, access: int) -> int:
        end = access + 1
        while end < len(self.records) and self.records["marks"][end] & CONTINUES:
            end += 1
        return end

    def before_atomic(self, write: int) -> int | None:
        """The read half of an atomic write."""
        if self.records["access"][write] != ATOMIC:
            return None
        read = write - 1
        while not self._starts[read]:
            read -= 1
        return read

    def first_of(self, record: int) -> int:
        """The access that a record belongs to."""
        while not self._starts[record]:
            record -= 1
        return record

    # --- writes

    def global_writes(self, low: int, high: int) -> Array:
        """Records that wrote to some of the bytes from `low` to before `high`, in order."""
        records = self.records
        begin = records["address"]
        hit = self._writes & ~self._shared & (begin < high) & (begin + records["bytes"] > low)
        return np.flatnonzero(hit)

    def stores_before(self, access: int) -> tuple[int, int]:
        """Global writes of the launch up to this one, and in all."""
        mine = self._writes & self._starts & ~self._shared
        return int(np.count_nonzero(mine[: access + 1])), int(np.count_nonzero(mine))

    def own_stores(self, access: int) -> tuple[int, int]:
        """Global writes of the access' thread up to this one, and in all."""
        mine = self._of_thread(access)
        mine = mine[self._writes[mine] & self._starts[mine] & ~self._shared[mine]]
        return int(np.count_nonzero(mine <= access)), len(mine)

    def shared_writer(self, read: int) -> int | None:
        """The last write before a read of shared memory to some of its bytes, in its block."""
        low = int(self.records["address"][read])
        high = low + self.size_of(read)
        mine = self._of_block(int(self.records["block"][read]))
        mine = mine[: np.searchsorted(mine, read)]
        begin, size = self.records["address"][mine], self.records["bytes"][mine]
        hit = self._writes[mine] & self._shared[mine] & (begin < high) & (begin + size > low)
        found = np.flatnonzero(hit)
        return self.first_of(int(mine[found[-1]])) if len(found) else None

    def passed_on(self, read: int, until: int) -> int | None:
        """The first of the thread's next writes to shared memory that stored what it had read."""
        mine = self._of_thread(read)
        mine = mine[(mine > read) & (mine < until)]
        mine = mine[self._writes[mine] & self._shared[mine] & self._starts[mine]]
        for write in mine[:_MOST_PASSED]:
            if self.bytes_of(int(write))[1] == self.bytes_of(read)[1]:
                return int(write)
        return None

    # --- reads

    def reads_before(self, write: int) -> tuple[Array, Array]:
        """What the thread had read before a write: since its previous write, and until then.

        Writes that follow one another count as one: what was read before the first of them may have
        gone into each. A write to shared memory matters only to another one, an atomic one only
        where an atomic write is asked about.
        """
        mine = self._of_thread(write)
        mine = mine[self._starts[mine] & (mine < write)]
        own = self.before_atomic(write)
        reads = mine[self._reads[mine] & (mine != (-1 if own is None else own))]
        if len(reads) == 0:
            return reads, reads
        cuts = mine[self._writes[mine]]
        if not self._shared[write]:
            cuts = cuts[~self._shared[cuts]]
        if own is None:
            cuts = cuts[self.records["access"][cuts] != ATOMIC]
        cuts = cuts[cuts < reads[-1]]
        since = int(cuts[-1]) if len(cuts) else -1
        return reads[reads > since], reads[reads < since]

    def meetings(self, write: int, since: int) -> Array:
        """Records of the warp's collectives (no __syncwarp) with the write's lane, from `since`."""
        thread = int(self.records["thread"][write])
        mine = self._of_block(int(self.records["block"][write]))
        mine = mine[np.searchsorted(mine, since) : np.searchsorted(mine, write)]
        told = self.records[mine]
        lane = np.uint64(1 << thread % LANES)
        with_me = (told["thread"] == thread // LANES * LANES) & ((told["address"] & lane) != 0)
        return mine[(told["access"] == MEETING) & (told["bytes"] != SYNC) & with_me]

    def lanes_reads(self, write: int, meetings: Array) -> Array:
        """Global reads of the other lanes that met, each since its own previous global write."""
        first = int(self.records["thread"][write]) // LANES * LANES
        mask = int(np.bitwise_or.reduce(self.records["address"][meetings]))
        mine = self._of_block(int(self.records["block"][write]))
        mine = mine[mine < int(meetings[-1])]
        mine = mine[self.records["access"][mine] < MEETING]
        threads = self.records["thread"][mine]
        found = [np.empty(0, np.int64)]
        for lane in range(LANES):
            if not mask >> lane & 1 or first + lane == int(self.records["thread"][write]):
                continue
            its = mine[threads == first + lane]
            cuts = its[self._writes[its] & ~self._shared[its]]
            its = its[self._reads[its] & ~self._shared[its] & self._starts[its]]
            found.append(its[its > cuts[-1]] if len(cuts) else its)
        return np.concatenate(found)

    # --- whose

    def _of_block(self, block: int) -> Array:
        if block not in self._blocks:
            self._blocks[block] = np.flatnonzero(self.records["block"] == block)
        return self._blocks[block]

    def _of_thread(self, access: int) -> Array:
        mine = self._of_block(int(self.records["block"][access]))
        told = self.records[mine]
        return mine[(told["thread"] == self.records["thread"][access]) & (told["access"] < MEETING)]


def writes(records: Array) -> Array:
    """Which records changed memory: of an atomic, the half with what is there since."""
    after = (records["marks"] & AFTER) != 0
    return np.isin(records["access"], _STORES) | ((records["access"] == ATOMIC) & after)


def reads(records: Array) -> Array:
    """Which records read memory: of an atomic, the half with what was there before."""
    after = (records["marks"] & AFTER) != 0
    return np.isin(records["access"], _LOADS) | ((records["access"] == ATOMIC) & ~after)


def spread(linear: int, size: tuple[int, int, int]) -> tuple[int, int, int]:
    """(x, y, z) of a linear number in a grid or block of that size."""
    x, y, _ = size
    return linear % x, linear // x % y, linear // (x * y)
