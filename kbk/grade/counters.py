"""The counters that gates are about: their names, and their values from what a call's launches did.

A gate may use a short name, "excess_sectors", or a counter's own, which `kbk.profiler.metrics`
lists; either may end in ":x", for the accesses to one argument of the call.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.errors import ArgumentError
from kbk.profiler import metrics

if TYPE_CHECKING:
    from kbk.profiler.counted import Counted
    from kbk.sanitizer.tensors import Argument

_REQUESTS = "l1tex__t_requests_pipe_lsu_mem_global_op_{}.sum"
_SECTORS = "l1tex__t_sectors_pipe_lsu_mem_global_op_{}.sum"
_STORED = "kbk__bytes_requested_st.sum"
_WRITES = "kbk__writes_per_element.max"
_OVER = "kbk__bytes_requested_over_distinct"

# Atomics count too: one whose result is used loads, and each of them stores.
SHORT: dict[str, tuple[str, tuple[str, ...]]] = {
    "requests_ld": ("load requests", tuple(_REQUESTS.format(op) for op in ("ld", "atom"))),
    "requests_st": ("store requests", tuple(_REQUESTS.format(op) for op in ("st", "red", "atom"))),
    "sectors_ld": ("sectors loaded", tuple(_SECTORS.format(op) for op in ("ld", "atom"))),
    "sectors_st": ("sectors stored", tuple(_SECTORS.format(op) for op in ("st", "red", "atom"))),
    "excess_sectors": ("excess sectors", (metrics.SECTORS_EXCESSIVE,)),
    "excess_wavefronts": ("excess wavefronts", (metrics.WAVEFRONTS_EXCESSIVE,)),
    "bytes_ld": ("bytes that threads load", ("kbk__bytes_requested_ld.sum",)),
    "bytes_st": ("bytes that threads store", (_STORED,)),
    "writes_per_element_max": ("most stores to one element", (_WRITES,)),
    "bytes_requested_over_distinct": ("bytes asked for, per byte touched", (_OVER,)),
    "active_blocks": ("blocks that store", ("kbk__active_blocks",)),
    "special_functions": ("exp, tanh, division and the like", ("kbk__special_functions",)),
}
"""Short name: what it is in words, and the counters whose sum it is."""

_SHARED_OUT = {
    _WRITES: _STORED,
    _OVER: "kbk__bytes_requested_ld.sum",
    "kbk__collectives_per_warp": "kbk__collectives.sum",
    "kbk__special_functions_per_thread.max": "kbk__special_functions",
}
"""Counters that do not add up from line to line, and the one that says which line to look at."""

_REST = {"kbk__launches", "kbk__barriers.sum"}  # of a launch as a whole, and they add up


@dataclass(frozen=True)
class Counter:
    """What a gate is about.

    Attributes:
        words: what it is, or "" if its name must do.
        names: of the counters whose sum it is; the first is the main one.
        argument: name of the tensor whose accesses count, or "" for all.
    """

    words: str
    names: tuple[str, ...]
    argument: str

    @property
    def by_line(self) -> tuple[str, ...]:
        """The counters that tell how much each line has of it."""
        return tuple(_SHARED_OUT.get(name, name) for name in self.names)

    @property
    def adds_up(self) -> bool:
        """Whether the lines' shares are of the counter itself."""
        return self.by_line == self.names

    def text(self, values: Sequence[float]) -> str:
        """In words, with the names of the counters: the main one, and others that are not 0."""
        named = zip(self.names[1:], values[1:], strict=False)
        name = " + ".join([self.names[0], *(each for each, value in named if value)])
        text = f"{self.words} ({name})" if self.words else name
        return f"{text} on {self.argument}" if self.argument else text


def counter(name: str) -> Counter:
    """What a name in a gate means.

    Raises:
        ArgumentError: there is no such counter.
    """
    stem, _, argument = name.partition(":")
    words, names = SHORT.get(stem, ("", (stem,)))
    if stem not in SHORT and stem not in metrics.NSIGHT and stem not in metrics.OURS:
        known = ", ".join(SHORT)
        raise ArgumentError(
            f"counter must be one of {known}, or of kbk.profiler.metrics; it was {stem!r}."
        )
    return Counter(words, names, argument)


class Counts:
    """Counters of one call, summed over its launches.

    Args:
        launches: what the simulator counted of each.
        arguments: the tensors of the call.
    """

    def __init__(self, launches: Sequence[Counted], arguments: Iterable[Argument]) -> None:
        self._launches = launches
        self._arguments = {each.name: each for each in arguments}
        self._known: dict[str, metrics.Metrics] = {}

    def values(self, wanted: Counter) -> list[float] | None:
        """What each of its names counts; None if there is no such counter of that argument."""
        found = self._of(wanted.argument)
        if any(name not in found for name in wanted.names):
            return None
        return [found[name] for name in wanted.names]

    def places(self, wanted: Counter) -> list[tuple[int, float]]:
        """Which accesses have how much of it: `pc` as in `kbk.profiler.counted.SUM`, most first."""
        sums = self._sums(wanted.argument)
        pcs = metrics.parts(sums)["pc"]
        shares = []
        for pc in np.unique(pcs).tolist():
            here = metrics.of_requests(sums[pcs == pc])
            share = sum(here.get(name, 0) for name in wanted.by_line)
            if share > 0:
                shares.append((pc, share))
        return sorted(shares, key=lambda each: -each[1])

    def stored(self) -> dict[str, int]:
        """Bytes of each argument that kernels wrote: of one launch, each byte once."""
        return {
            name: sum(
                launch.touched[argument.number].written
                for launch in self._launches
                if argument.number in launch.touched
            )
            for name, argument in self._arguments.items()
        }

    def _sums(self, argument: str) -> np.ndarray[Any, Any]:
        chosen = [np.zeros(0, metrics.SUM)]
        for launch in self._launches:
            field = metrics.parts(launch.sums)
            if argument:
                mine = (field["argument"] == self._number(argument)) & (
                    field["kind"] <= metrics.ATOM
                )
            else:
                mine = field["part"] == 0
            chosen.append(launch.sums[mine])
        return np.concatenate(chosen)

    def _number(self, argument: str) -> int:
        number = self._arguments[argument].number if argument in self._arguments else None
        return -2 if number is None else number  # of nobody

    def _of(self, argument: str) -> metrics.Metrics:
        if argument not in self._known:
            each = [
                metrics.of_argument(launch, self._number(argument))
                if argument
                else metrics.of_launch(launch)
                for launch in self._launches
            ]
            self._known[argument] = self._together(argument, each)
        return self._known[argument]

    def _together(self, argument: str, each: list[metrics.Metrics]) -> metrics.Metrics:
        found = metrics.of_requests(self._sums(argument))
        names = {name for launch in each for name in launch} - set(found)
        for name in names:
            values = [launch[name] for launch in each if name in launch]
            found[name] = sum(values) if name in _REST else max(values)
        if not each:
            found |= dict.fromkeys((metrics.OURS if not argument else (_WRITES,)), 0)
        if len(each) > 1:
            found[_WRITES] = max(found.get(_WRITES, 0), self._writes(argument))
        return found

    def _writes(self, argument: str) -> int:
        """A bound from below on writes of one element by several launches together.

        It is above 1 exactly if some element was written again, where each is written at least
        once.
        """
        of = [argument] if argument else list(self._arguments)
        bounds = [0]
        for name in of:
            asked = metrics.of_requests(self._sums(name))[_STORED]
            size = _bytes(self._arguments.get(name))
            bounds.append(math.ceil(asked / size) if size else 0)
        return max(bounds)


def _bytes(argument: Argument | None) -> int:
    return argument.numel * argument.itemsize if argument is not None else 0


def lines(places: Iterable[tuple[int, float]], line_of: Mapping[int, int]) -> dict[int, float]:
    """How much each line of the source has, from how much each place has."""
    found: dict[int, float] = {}
    for pc, share in places:
        if pc in line_of:
            found[line_of[pc]] = found.get(line_of[pc], 0) + share
    return found
