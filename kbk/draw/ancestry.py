"""What a stored value may come from: what its thread had read and exchanged before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from math import gcd

import numpy as np

from kbk.draw.seen import LANES, Array, expanded
from kbk.sanitizer.history import ATOMIC, CONTINUES, EXCHANGE, FROM, MEETING, SHARED, Launch
from kbk.sanitizer.past import reads, writes

_THREADS = 1024  # of a block, at most
_MOST_PASSED = 8  # stores that are looked at


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a thread had before it stored or gave a value; numbers of records, in order.

    Attributes:
        reads: since its previous store, in the same interval between barriers if it read there.
        kept: since its previous store, in earlier intervals: registers may have kept them. All
            loads, if other threads or trips had loaded something for the same instruction and this
            one had not: what it stored is most often a constant, such as the 0 outside a matrix.
        before: before that store.
        exchanges: its part in shuffles and votes, in the same interval if there were some.
    """

    reads: Array
    kept: Array
    before: Array
    exchanges: Array


class Ancestry:
    """Looks up one launch by thread and by byte of shared memory."""

    def __init__(self, launch: Launch) -> None:
        told = self.records = launch.records
        self.starts = (told["marks"] & CONTINUES) == 0
        self.stores = writes(told)
        self.loads = reads(told)
        self.shared = told["space"] == SHARED
        self.atomic = told["access"] == ATOMIC
        self.trades = told["access"] == EXCHANGE
        self._threads: dict[int, tuple[Array, ...]] = {}

    # --- threads

    @cached_property
    def _by_thread(self) -> tuple[Array, Array]:
        """The threads, and the numbers of their records thread by thread."""
        told = self.records
        mine = np.flatnonzero((told["access"] != MEETING) & self.starts)
        key = told["block"][mine].astype(np.int64) * _THREADS + told["thread"][mine]
        order = np.argsort(key, kind="stable")
        return key[order], mine[order]

    def _of(self, record: int) -> tuple[Array, ...]:
        """Of the thread of a record: its loads, its stores and its exchanges."""
        told = self.records[record]
        key = int(told["block"]) * _THREADS + int(told["thread"])
        if key not in self._threads:
            keys, numbers = self._by_thread
            mine = numbers[np.searchsorted(keys, key) : np.searchsorted(keys, key, side="right")]
            self._threads[key] = (
                # What an atomic operation found is rarely used for anything else.
                mine[self.loads[mine] & ~self.atomic[mine]],
                mine[self.stores[mine]],
                mine[self.trades[mine]],
            )
        return self._threads[key]

    def inputs(self, record: int) -> Inputs:
        """What led to a store, or to what a lane gave in an exchange.

        Stores that follow one another count as one: what was read before the first of them may have
        gone into each. A store to shared memory begins anew behind any other; one to global memory
        only behind another one to global memory, since values may wait in registers.
        """
        loads, cuts, trades = self._of(record)
        loads, trades = loads[loads < record], trades[trades < record]
        store = bool(self.stores[record])
        if not store or not self.shared[record]:
            cuts = cuts[~self.shared[cuts]]
        if not store or not self.atomic[record]:
            cuts = cuts[~self.atomic[cuts] | self.shared[cuts]]
        last = max((int(each[-1]) for each in (loads, trades) if len(each)), default=-1)
        cuts = cuts[cuts < last]
        since = int(cuts[-1]) if len(cuts) else -1
        now, exchanged = loads[loads > since], trades[trades > since]
        interval = self.records["interval"]
        here = interval[now] == interval[record]
        traded = interval[exchanged] == interval[record]
        if self._bare[record]:
            reads_, kept, exchanged = now[:0], now, exchanged[traded]
        elif here.any() or traded.any():
            reads_, kept, exchanged = now[here], now[~here], exchanged[traded]
        else:
            reads_, kept = now, now[:0]
        return Inputs(reads_, kept, loads[loads < since], exchanged)

    @cached_property
    def _bare(self) -> Array:
        """By record: a store or exchange for which nothing was loaded, unlike others at its place.

        Loaded for a store: in its interval, since the thread's previous store. For an exchange, a
        load or an exchange in its interval.
        """
        told = self.records
        keys, mine = self._by_thread
        at = np.arange(len(mine))
        first = np.searchsorted(keys, keys)  # of the thread
        plain = self.loads[mine] & ~self.atomic[mine]

        def last(which: Array, *, itself: bool) -> Array:
            """The position of the last one up to each, -1 if the thread has none."""
            found = np.maximum.accumulate(np.where(which, at, -1)) if len(at) else at
            if not itself:
                found = np.concatenate([np.array([-1], found.dtype), found[:-1]])
            return np.where(found >= first, found, -1)

        got = last(plain | self.trades[mine], itself=False)
        interval = told["interval"][mine]
        fresh = (got >= 0) & (interval[got] == interval)
        fresh &= self.trades[mine] | (got > last(self.stores[mine], itself=False))
        ends = self.trades[mine] | self.stores[mine]
        usual = np.isin(told["pc"][mine], np.unique(told["pc"][mine[ends & fresh]]))
        found = np.zeros(len(told), bool)
        found[mine[ends & usual & ~fresh]] = True
        return found

    def unlike(self, record: int) -> bool:
        """Whether something was stored or given for which nothing was loaded, and it is not 0."""
        told = self.records[record]
        return bool(self._bare[record] and told["address" if self.trades[record] else "value"])

    def passed_on(self, load: int, before: int) -> bool:
        """Whether the thread stored what it had loaded as it was in shared memory."""
        told = self.records
        _, stores, _ = self._of(load)
        stores = stores[(stores > load) & (stores < before)]
        stores = stores[self.shared[stores] & ~self.atomic[stores]][:_MOST_PASSED]
        same = (told["value"][stores] == told["value"][load]) & (
            told["bytes"][stores] == told["bytes"][load]
        )
        return bool(same.any())

    # --- lanes

    def givers(self, exchange: int) -> list[int]:
        """The exchanges of the lanes whose values a lane got: of one in a shuffle, else of all."""
        told = self.records
        first = exchange
        while told["access"][first - 1] == EXCHANGE:
            first -= 1
        last = first
        found = {}
        while last < len(told) and told["access"][last] == EXCHANGE:
            found[int(told["thread"][last]) % LANES] = last
            last += 1
        source = int(told["space"][exchange])
        if not source & FROM:
            return list(found.values())
        lane = source & ~FROM
        return [found[lane]] if lane in found else []

    # --- memory

    def writers(self, low: int, high: int, before: int) -> list[int]:
        """The stores that global bytes have their value from before a record; see `_chain`."""
        told = self.records
        begin = told["address"]
        hit = self.stores & ~self.shared & (begin < high) & (begin + told["bytes"] > low)
        return self._chain(np.flatnonzero(hit)[::-1], before)

    def shared_writers(self, load: int) -> list[int]:
        """The stores that the bytes of a load of shared memory have their value from."""
        block = int(self.records["block"][load])
        grain, keys, numbers = self._stored(block)
        low = int(self.records["address"][load]) // grain
        high = -(-(int(self.records["address"][load]) + int(self.records["bytes"][load])) // grain)
        found: list[int] = []
        for each in range(low, high):
            first = int(np.searchsorted(keys, each * self._size))
            last = int(np.searchsorted(keys, each * self._size + load))
            found += self._chain(numbers[first:last][::-1], load)
        return list(dict.fromkeys(found))

    def _chain(self, stores: Array, before: int) -> list[int]:
        """Stores to one place, the last one first: the last plain one, and the atomics since."""
        found = []
        for store in stores.tolist():
            if store >= before:
                continue
            found.append(self.first_of(store))
            if not self.atomic[store]:
                break
        return list(dict.fromkeys(found))

    def first_of(self, record: int) -> int:
        """The access that a record belongs to."""
        while not self.starts[record]:
            record -= 1
        return record

    def parts_of(self, access: int) -> list[int]:
        """The records of an access."""
        end = access + 1
        while end < len(self.records) and not self.starts[end]:
            end += 1
        return list(range(access, end))

    @property
    def _size(self) -> int:
        return len(self.records) + 1

    def _stored(self, block: int) -> tuple[int, Array, Array]:
        """Bytes of a grain, and the stores of a block by grain and time."""
        if block not in self._grains:
            told = self.records
            at = np.flatnonzero(self.stores & self.shared & (told["block"] == block))
            low = told["address"][at].astype(np.int64)
            size = told["bytes"][at].astype(np.int64)
            grain = reduce(gcd, {*np.unique(low % 8).tolist(), *np.unique(size).tolist()}, 8)
            which, each = expanded(low // grain, (low + size) // grain)
            keys = each * self._size + at[which]
            order = np.argsort(keys, kind="stable")
            self._grains[block] = (grain, keys[order], at[which][order])
        return self._grains[block]

    @cached_property
    def _grains(self) -> dict[int, tuple[int, Array, Array]]:
        return {}
