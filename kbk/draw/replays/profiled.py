"""Requests as the profiler aligned them, with the values that the history has of their lanes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kbk.draw.replays.events import Access, Event, Meeting, lanes_of
from kbk.draw.replays.requests import Grouping, Request, by_lowest_place, request_of
from kbk.sanitizer.history import Launch


def grouping(launch: Launch, block: int) -> Grouping:
    """How to make the requests of a block: as `kbk.profile` did, where the launch has them.

    A launch of `kbk.sanitize` has none, and of a long launch the last ones are not kept: there the
    lanes at the lowest address of the code go first.
    """
    requests: np.ndarray[Any, Any] | None = getattr(launch, "requests", None)
    if requests is None:
        return by_lowest_place
    mine = requests[requests["block"] == block]

    def group(warp: int, lanes: Sequence[Sequence[Event]]) -> list[Request]:
        kept = mine[mine["warp"] == warp]
        columns = (kept[name].tolist() for name in ("pc", "lanes", "cost", "ideal"))
        return _Warp(warp, lanes).follow(zip(*columns, strict=True))

    return group


class _Warp:
    """The events of one warp, of which the first ones are taken again and again."""

    def __init__(self, warp: int, lanes: Sequence[Sequence[Event]]) -> None:
        self._warp, self._lanes = warp, lanes
        self._position = [0] * len(lanes)
        self._found: list[Request] = []

    def follow(self, kept: Iterable[tuple[int, int, int, int]]) -> list[Request]:
        """The requests that the profiler has kept, and the collectives between them.

        Args:
            kept: address of the code, lanes, cost and the least of each.
        """
        for pc, mask, cost, least in kept:
            mine = lanes_of(mask)
            while self._meet(mine):
                pass
            heads = {lane: self._head(lane) for lane in mine}
            accesses = {
                lane: e for lane, e in heads.items() if isinstance(e, Access) and e.pc == pc
            }
            if len(accesses) != len(mine):
                break  # the two records differ: the history was full, or the launch was ended
            self._take(mine)
            request = request_of(self._warp, accesses)
            request.kept = cost, least
            self._found.append(request)
        rest = [events[at:] for events, at in zip(self._lanes, self._position, strict=True)]
        return [*self._found, *by_lowest_place(self._warp, rest)]

    def _meet(self, lanes: Sequence[int]) -> bool:
        """Let one collective happen that some of the lanes have come to, if all its lanes have."""
        for lane in lanes:
            head = self._head(lane)
            if isinstance(head, Meeting):
                there = lanes_of(head.lanes)
                if any(self._head(each) is not head for each in there):
                    continue
                self._take(there)
                request = Request(self._warp, head.interval, head.pc, meeting=head)
                self._found.append(request)
                return True
        return False

    def _head(self, lane: int) -> Event | None:
        events, at = self._lanes[lane], self._position[lane]
        return events[at] if at < len(events) else None

    def _take(self, lanes: Iterable[int]) -> None:
        for lane in lanes:
            self._position[lane] += 1
