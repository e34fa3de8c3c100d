"""One profiled launch: its counters, by line and by argument, its requests and its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from kbk.errors import ArgumentError
from kbk.profiler import metrics, show
from kbk.profiler.counted import REQUEST, SUM, Counted
from kbk.profiler.metrics import Metrics
from kbk.sanitizer import history, places
from kbk.sanitizer.element import quoted, target
from kbk.sanitizer.tensors import Argument

__all__ = ["REQUEST", "SUM", "LineCounters", "ProfiledLaunch"]

Line = tuple[str, int]


@dataclass(frozen=True)
class LineCounters:
    """What one line of the source costs.

    Attributes:
        file, line: where it stands, 1-based.
        text: of the line, without indentation.
        metrics: the counters that add up from request to request.
    """

    file: str
    line: int
    text: str
    metrics: Metrics


@dataclass(frozen=True, eq=False)
class ProfiledLaunch(history.Launch):
    """A launch under `kbk.profile`.

    Attributes:
        (of `kbk.sanitizer.history.Launch`: kernel, grid, block, records, shared, arguments, ...)
        counted: what the simulator counted, before it has names.
    """

    counted: Counted = field(repr=False, kw_only=True)

    @cached_property
    def metrics(self) -> Metrics:
        """Counters by name: Nsight Compute's, and ours, which begin with ``kbk__``."""
        return metrics.of_launch(self.counted)

    @property
    def requests(self) -> np.ndarray[Any, Any]:
        """The first warp requests of the launch, an array of `REQUEST`."""
        return self.counted.requests

    @property
    def requests_left_out(self) -> int:
        """How many more there were."""
        return self.counted.left_out

    def metrics_of(self, argument: Any) -> Metrics:
        """The counters of the accesses to one tensor of the call.

        Of a request whose lanes ask for several tensors, each has its part.

        Args:
            argument: the tensor, or its name.

        Raises:
            ArgumentError: there is no such argument.
        """
        return metrics.of_argument(self.counted, self.number_of(argument, "metrics_of"))

    def where(self, pcs: Iterable[int]) -> list[Line | None]:
        """File and line of accesses, by their `pc`; None where nothing is known."""
        known = self._lines
        return [known.get(int(pc)) for pc in pcs]

    def by_line(self) -> list[LineCounters]:
        """The counters of each line that does something, in order of the source."""
        kept = self.counted.sums
        pc = metrics.parts(kept)["pc"]
        whole = metrics.parts(kept)["part"] == 0
        of_line: dict[Line, list[int]] = {}
        for each in np.unique(pc[whole]).tolist():
            line = self._lines.get(each)
            if line is not None:
                of_line.setdefault(line, []).append(each)
        return [
            LineCounters(
                file,
                number,
                places.line_text(file, number, self.sources),
                metrics.of_requests(kept[whole & np.isin(pc, pcs)]),
            )
            for (file, number), pcs in sorted(of_line.items())
        ]

    @cached_property
    def _lines(self) -> dict[int, Line]:
        pcs = set(np.unique(metrics.parts(self.counted.sums)["pc"]).tolist())
        pcs |= set(np.unique(self.records["pc"]).tolist())
        places.prefetch(self.library, (self.code + pc for pc in pcs))
        found = {}
        for pc in pcs:
            place = places.place(self.library, self.code + pc, self.sources, self.kernel)
            if place.file is not None and place.line is not None:
                found[pc] = (place.file, place.line)
        return found

    def number_of(self, argument: Any, asker: str) -> int:
        """The number that requests tell a tensor by.

        Args:
            argument: a tensor of the call, or its name.
            asker: the function that errors name.

        Raises:
            ArgumentError: it is none; the text has the names.
        """
        name = argument
        if not isinstance(argument, str) and hasattr(argument, "untyped_storage"):
            name = target(self, argument, asker)[1].name
        for each in self.arguments:
            if isinstance(name, str) and each.name == name and each.number is not None:
                return each.number
        names = ", ".join(each.name for each in self.arguments if each.number is not None)
        was = quoted(argument) if name is argument else f"a {name.strip('()')}"
        raise ArgumentError(
            f"{asker}: argument must be a tensor of the call, or its name "
            f"({names or 'it has none'}); it was {was}."
        )

    def argument_at(self, number: int) -> Argument | None:
        """The argument with that number, as requests tell it."""
        return next((each for each in self.arguments if each.number == number), None)

    def __str__(self) -> str:
        return show.launch_text(self)

    def _repr_html_(self) -> str:
        return show.launch_html(self)
