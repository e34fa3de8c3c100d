"""In which order a replay shows the requests of several warps."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from kbk.draw.replays.requests import Request

TURNS, RECORDED = "turns", "recorded"


def merged(warps: Sequence[Sequence[Request]], order: str) -> list[Request]:
    """The requests of all warps in one order, each warp's in its own.

    Args:
        warps: the requests of each warp. None of a later interval stands before an earlier one.
        order: TURNS: between two barriers each warp makes its first request, then each its second,
            and so on. RECORDED: as the simulator ran them.
    """
    keyed = (_keyed(requests, order) for requests in warps)
    return [request for _, _, request in heapq.merge(*keyed, key=lambda each: each[:2])]


def _keyed(requests: Sequence[Request], order: str) -> list[tuple[tuple[int, int], int, Request]]:
    found: list[tuple[tuple[int, int], int, Request]] = []
    interval, turn = -1, 0
    for request in requests:
        if request.interval != interval:
            interval, turn = request.interval, 0
        # A request is over when its last lane has done its part.
        turn = turn + 1 if order == TURNS else max(turn, request.at)
        found.append(((interval, turn), request.warp, request))
    return found
