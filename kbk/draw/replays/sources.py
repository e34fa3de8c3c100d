"""The lines of the source that a replay shows, and which of them each address of the code is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from kbk.sanitizer import places
from kbk.sanitizer.history import Launch

_MOST_LINES = 200
_BARRIER = re.compile(r"__syncthreads\w*\s*\(|\bsync\s*\(")
_ADDS = re.compile(r"\batomic(Add|Sub)\w*\s*\(|\bfetch_(add|sub)\s*\(")


class Sources:
    """Places of the code in the source.

    A place is a list of [number of the file, line], the innermost function's first.

    Args:
        launch: whose.
        pcs: addresses of the code, as in records.
    """

    def __init__(self, launch: Launch, pcs: Iterable[int]) -> None:
        self._launch = launch
        self._files: list[str] = []
        self.places: list[list[list[int]]] = []
        self._numbers: dict[int, int] = {}
        wanted = sorted(set(pcs) - {0})
        places.prefetch(launch.library, [launch.code + pc for pc in wanted])
        for pc in wanted:
            found = places.place(launch.library, launch.code + pc, launch.sources, launch.kernel)
            spots = [spot for spot in found.spots if spot.file in launch.sources]
            self._numbers[pc] = self._number([[self._file(s.file), s.line] for s in spots])

    def place(self, pc: int) -> int:
        """The number of the place of an address of the code; -1 if it is not known."""
        return self._numbers.get(pc, -1)

    def text(self, pc: int) -> str:
        """The innermost line of an address of the code, and those that called it."""
        number = self.place(pc)
        if number < 0:
            return ""
        return "\n".join(self._rows(file)[line - 1] for file, line in self.places[number])

    def adds(self, pc: int) -> bool:
        """Whether an atomic access there adds or subtracts."""
        return bool(_ADDS.search(self.text(pc)))

    def barrier(self, before: Sequence[int], after: Sequence[int]) -> int:
        """The place of a barrier, from the addresses of the code around it; -1 if in doubt.

        A record does not tell where a barrier stands. It is sure if exactly one lies between what
        every warp did last and what every warp did next.
        """
        around = [self.place(pc) for pc in (*before, *after)]
        if -1 in around or not before or not after:
            return -1
        outer = [self.places[number][-1] for number in around]
        if len({file for file, _ in outer}) != 1:
            return -1
        file = outer[0][0]
        low = max(line for _, line in outer[: len(before)])
        high = min(line for _, line in outer[len(before) :])
        rows = self._rows(file)
        between = [n for n in range(low + 1, high) if _BARRIER.search(_code(rows[n - 1]))]
        return self._number([[file, between[0]]]) if len(between) == 1 else -1

    def shown(self) -> list[dict[str, Any]]:
        """Of each file the lines around what was executed: name, number of the first, lines."""
        found = []
        for number, name in enumerate(self._files):
            lines = [line for place in self.places for file, line in place if file == number]
            rows = self._rows(number)
            first, last = _function(rows, min(lines), max(lines))
            found.append({"name": name, "first": first, "lines": rows[first - 1 : last]})
        return found

    def _number(self, place: list[list[int]]) -> int:
        if not place:
            return -1
        if place not in self.places:
            self.places.append(place)
        return self.places.index(place)

    def _file(self, name: str) -> int:
        if name not in self._files:
            self._files.append(name)
        return self._files.index(name)

    def _rows(self, file: int) -> list[str]:
        text = self._launch.sources[self._files[file]]
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _code(line: str) -> str:
    """A line without its comment."""
    return line.partition("//")[0]


def _function(rows: Sequence[str], low: int, high: int) -> tuple[int, int]:
    """The lines from the head of the function that has line `low` to the end of that of `high`."""
    first = low
    while first > 1 and rows[first - 1][:1] in ("", " ", "\t", "}", "#") and low - first < 60:
        first -= 1
    while first > 1 and rows[first - 2].strip() and not rows[first - 2].startswith(("}", "#")):
        first -= 1  # template line, comment above it
    last = high
    while last < len(rows) and not rows[last - 1].startswith("}") and last - high < 60:
        last += 1
    return first, min(last, first + _MOST_LINES - 1)
