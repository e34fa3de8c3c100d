"""Which request of a warp a picture shows: the worker's half of `kbk.grade.pictures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbk.profiler.counted import Counted
    from kbk.sanitizer.tensors import Argument

MOST = 1 << 16
"""Requests of a call that are kept to choose from."""
_KINDS = ("ld", "st", "red", "atom")


def told(
    asked: Mapping[str, Any],
    launches: Sequence[Counted],
    arguments: Sequence[Argument],
    sources: Mapping[str, str],
) -> dict[str, Any] | None:
    """A request to show, or None if there is none.

    Args:
        asked: kinds; argument, the name of a tensor, or "" for any; line of the source, or None for
            the access that makes most requests.
        launches: what was counted of the call.
        arguments: its tensors.
        sources: texts by name, for the line.

    Returns:
        of the one that costs most beyond the fewest: kind, argument, block, warp, lanes, addresses
        (bytes from the begin of the tensor's memory), bytes, cost and ideal.
    """
    import numpy as np

    from kbk.profiler.counted import GLOBAL
    from kbk.sanitizer import places

    numbers = {each.number: each for each in arguments if each.number is not None}
    kinds = [_KINDS.index(each) for each in asked["kinds"]]
    best: tuple[tuple[int, int], Any] | None = None
    for launch in launches:
        rows = launch.requests
        rows = rows[(rows["space"] == GLOBAL) & np.isin(rows["kind"], kinds)]
        wanted = [n for n, each in numbers.items() if asked["argument"] in ("", each.name)]
        rows = rows[np.isin(rows["argument"], wanted)]
        if asked["line"] is not None:
            pcs = [int(pc) for pc in np.unique(rows["pc"])]
            places.prefetch(launch.library, [launch.code + pc for pc in pcs])
            here = [
                pc
                for pc in pcs
                for place in [
                    places.place(launch.library, launch.code + pc, sources, launch.kernel)
                ]
                if place.file in sources and place.line == asked["line"]
            ]
            rows = rows[np.isin(rows["pc"], here)]
        elif len(rows):
            each, counts = np.unique(rows["pc"], return_counts=True)
            rows = rows[rows["pc"] == each[counts.argmax()]]
        if not len(rows):
            continue
        excess = rows["cost"].astype(int) - rows["ideal"]
        lanes = np.array([bin(int(mask)).count("1") for mask in rows["lanes"]])
        at = int(np.lexsort((np.arange(len(rows)), -lanes, -excess))[0])
        score = (int(excess[at]), int(lanes[at]))
        if best is None or score > best[0]:
            best = score, rows[at]
    return None if best is None else _plain(best[1], numbers)


def _plain(row: Any, numbers: Mapping[int, Argument]) -> dict[str, Any]:
    argument = numbers[int(row["argument"])]
    lanes = [lane for lane in range(32) if int(row["lanes"]) >> lane & 1]
    return {
        "kind": _KINDS[int(row["kind"])],
        "argument": argument.name,
        "block": int(row["block"]),
        "warp": int(row["warp"]),
        "lanes": lanes,
        "addresses": [int(row["address"][lane]) - argument.storage for lane in lanes],
        "bytes": int(row["bytes"]),
        "cost": int(row["cost"]),
        "ideal": int(row["ideal"]),
    }
