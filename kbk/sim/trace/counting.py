"""From single accesses to warp requests and their sectors, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

SECTOR = 32
LANES = 32
_AT_ONCE = 1 << 20  # accesses; a warp is never cut
_LD, _ST, _ATOM = 0, 1, 2
_KIND = np.array([_LD, _ST, _ATOM, _LD, _ST], np.uint8)  # by access

Array = np.ndarray[Any, Any]

COUNTERS = (
    "requests_ld",
    "requests_st",
    "sectors_ld",
    "sectors_st",
    "excess_sectors",
    "bytes_ld",
    "bytes_st",
    "atom_requests",
    "atom_sectors",
    "writes_per_element_max",
)


class Counting:
    """Adds up the counters of `AccessLog.counters`, launch by launch.

    Args:
        spans: first and last address (after it) of each argument by name.
    """

    def __init__(self, spans: Mapping[str, tuple[int, int]]) -> None:
        self._spans = dict(spans)
        self._sums = {"": _Sums(), **{f":{name}": _Sums() for name in spans}}

    def add(self, accesses: Array) -> None:
        """Count the accesses (of `kbk.sim.trace.log.ACCESS`) of one launch."""
        for part in _warps(accesses):
            request, kind = _requests(part)
            begin = part["address"].astype(np.int64)
            end = begin + part["bytes"]
            self._sums[""].add(request, kind, begin, end)
            for name, (low, high) in self._spans.items():
                inside = (end > low) & (begin < high)
                if inside.any():
                    self._sums[f":{name}"].add(
                        request[inside], kind[inside], begin[inside], end[inside]
                    )

    def result(self) -> dict[str, int]:
        """Counters by name, and by "<name>:<argument>"."""
        return {
            f"{name}{suffix}": value
            for suffix, sums in self._sums.items()
            for name, value in sums.result().items()
        }


def _warps(accesses: Array) -> Iterator[Array]:
    """The accesses warp by warp, whole warps together, each thread's in its order."""
    if len(accesses) == 0:
        return
    warp = accesses["block"].astype(np.int64) * LANES + accesses["thread"] // LANES
    if np.any(warp[1:] < warp[:-1]):  # blocks of a launch that waits take turns, and so do warps
        order = np.argsort(warp, kind="stable")
        accesses, warp = accesses[order], warp[order]
    cuts = np.flatnonzero(warp[1:] != warp[:-1]) + 1
    first = 0
    while first < len(accesses):
        later = cuts[np.searchsorted(cuts, first + _AT_ONCE, side="right") - 1 :]
        last = next((int(cut) for cut in later[:2] if cut > first), len(accesses))
        if len(accesses) - first <= _AT_ONCE:
            last = len(accesses)
        yield accesses[first:last]
        first = last


def _requests(part: Array) -> tuple[Array, Array]:
    """Of each access the number of its request, and its kind (load, store, atomic)."""
    kind = _KIND[part["access"]]
    # A place: code address and kind, for "x += 1" reads and writes at one address of the code.
    place = _dense(part["pc"].astype(np.int64) * 4 + kind)
    places = int(place.max()) + 1
    thread = part["block"].astype(np.int64) * 1024 + part["thread"]
    visits = _dense(thread) * places + place
    order = np.argsort(visits, kind="stable")
    ranked = visits[order]
    starts = _starts(ranked)
    turn = np.empty(len(part), np.int64)
    turn[order] = np.arange(len(part)) - np.repeat(starts, np.diff([*starts, len(part)]))
    warp = _dense(part["block"].astype(np.int64) * LANES + part["thread"] // LANES)
    return _dense(_dense(warp * places + place) * (int(turn.max()) + 1) + turn), kind


def _dense(values: Array) -> Array:
    """The same values, numbered from 0 in their order."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _starts(ranked: Array) -> Array:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))


class _Sums:
    """The counters of one set of accesses."""

    def __init__(self) -> None:
        self._requests = np.zeros(3, np.int64)
        self._sectors = np.zeros(3, np.int64)
        self._bytes = np.zeros(3, np.int64)
        self._excess = 0
        self._writes: list[tuple[Array, Array]] = []

    def add(self, request: Array, kind: Array, begin: Array, end: Array) -> None:
        """Count whole requests: their number, kind, and first byte and last (after it)."""
        self._bytes += np.bincount(kind, end - begin, 3).astype(np.int64)
        stores = kind != _LD
        if stores.any():
            self._writes.append((begin[stores], end[stores]))
        # An access in pieces, one for each sector that it touches.
        first, last = begin // SECTOR, (end - 1) // SECTOR
        pieces = last - first + 1
        owner = np.repeat(np.arange(len(begin)), pieces)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        sector = first[owner] + within
        low = np.maximum(begin[owner], sector * SECTOR) - sector * SECTOR
        high = np.minimum(end[owner], (sector + 1) * SECTOR) - sector * SECTOR
        touched = (np.uint64(1) << high.astype(np.uint64)) - (np.uint64(1) << low.astype(np.uint64))
        # The sectors of each request, and which of their bytes it wants.
        of = request[owner]
        order = np.lexsort((sector, of))
        of, sector, touched = of[order], sector[order], touched[order]
        new = np.concatenate([[True], (of[1:] != of[:-1]) | (sector[1:] != sector[:-1])])
        starts = np.flatnonzero(new)
        wanted = _bits(np.bitwise_or.reduceat(touched, starts))
        numbers, place, sectors = np.unique(of[starts], return_index=True, return_counts=True)
        distinct = np.add.reduceat(wanted, place)
        kinds = np.empty(int(request.max()) + 1, np.uint8)
        kinds[request] = kind
        of_kind = kinds[numbers]
        self._requests += np.bincount(of_kind, minlength=3)
        self._sectors += np.bincount(of_kind, sectors, 3).astype(np.int64)
        self._excess += int((sectors - -(-distinct // SECTOR)).sum())

    def result(self) -> dict[str, int]:
        both = (self._requests, self._sectors, self._bytes)
        requests, sectors, size = ([int(each[_LD]), int(each[1:].sum())] for each in both)
        values = (
            *requests,
            *sectors,
            self._excess,
            *size,
            int(self._requests[_ATOM]),
            int(self._sectors[_ATOM]),
            self._most_writes(),
        )
        return dict(zip(COUNTERS, values, strict=True))

    def _most_writes(self) -> int:
        """Of all bytes, the largest number of writes: how many have begun there and not ended."""
        if not self._writes:
            return 0
        begin, end = (np.sort(np.concatenate(each)) for each in zip(*self._writes, strict=True))
        ended = np.searchsorted(end, begin, side="right")
        return int((np.arange(1, len(begin) + 1) - ended).max())


_BITS = np.array([bin(value).count("1") for value in range(1 << 16)], np.int64)


def _bits(words: Array) -> Array:
    """Ones in each 32-bit word."""
    return _BITS[words & np.uint64(0xFFFF)] + _BITS[words >> np.uint64(16)]
