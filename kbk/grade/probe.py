"""Where the answers of a prediction come from: kernels of the grader's own that are run and traced.

    PROBE = Probe("loads", SOURCE, ["load_lanes"])

    @EXERCISE.check("sectors", points=3)
    def sectors(rng):
        yield from PROBE.asks(
            "sectors", settings(rng), runs="load_lanes", call=arguments, answer=count_sectors
        )

`load_lanes` launches once for each setting. `count_sectors` gets what one launch did to memory, a
`Traced`, and nothing else: it cannot answer by a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.errors import KbkError
from kbk.grade.cases import Ask
from kbk.profiler import counted

if TYPE_CHECKING:
    from kbk.build.module import Module
    from kbk.profiler.counted import Counted

Setting = tuple[Any, ...]
Rows = np.ndarray[Any, Any]

_MOST_REQUESTS = 20_000  # of a launch
_SECONDS = 30.0  # that a probe may take: it is no learner's kernel


@dataclass(frozen=True)
class Traced:
    """What one launch asked of memory, request by request.

    Attributes:
        requests: array of `kbk.profiler.counted.REQUEST`, the warps one after the other, the
            requests of a warp in order.
        begins: address of the first element of each argument, by its number.
        numbers: of the arguments, by their names in the host function.
    """

    requests: Rows
    begins: dict[int, int]
    numbers: dict[str, int]

    def loads(self, argument: str) -> Rows:
        """The requests that read a tensor; `address` is in bytes from its first element."""
        return self._of(argument, counted.LOAD)

    def stores(self, argument: str) -> Rows:
        """The requests that write a tensor; `address` is in bytes from its first element."""
        return self._of(argument, counted.STORE)

    def _of(self, argument: str, kind: int) -> Rows:
        number = self.numbers[argument]
        mine = (self.requests["argument"] == number) & (self.requests["kind"] == kind)
        rows = self.requests[mine & (self.requests["space"] == counted.GLOBAL)].copy()
        rows["address"][_active(rows)] -= np.uint64(self.begins[number])
        return rows

    def falsified(self) -> Traced:
        """The same launch, told wrongly: what is computed from it must come out differently."""
        rows = np.repeat(self.requests, 2)  # each request twice, by others and elsewhere
        active = _active(rows)
        away = 96 * np.arange(1, len(rows) + 1, dtype=np.uint64)[:, None] << np.uint64(12)
        rows["address"] = np.where(active, rows["address"] + away, 0)
        rows["address"] = np.roll(rows["address"], 1, axis=1)
        rows["lanes"] = np.packbits(np.roll(active, 1, axis=1), 1, "little").view(np.uint32)[:, 0]
        for name in ("warp", "block", "cost", "ideal", "pc"):
            rows[name] += 1
        return replace(self, requests=rows)


def _active(rows: Rows) -> Rows:
    """Which lanes take part in each request: bool [requests, 32]."""
    return (rows["lanes"][:, None] >> np.arange(32, dtype=np.uint32) & 1).astype(bool)


def lanes(rows: Rows) -> list[list[int]]:
    """The lanes that take part in each request, in order."""
    return [np.flatnonzero(each).tolist() for each in _active(rows)]


class Expected:
    """An expected value that a traced launch gives, when it is asked for.

    Args:
        batch: the launches.
        index: which of them.
    """

    def __init__(self, batch: Batch, index: int) -> None:
        self.batch = batch
        self.index = index

    def __call__(self) -> Any:
        return self.batch.answer(self.batch.launches()[self.index])

    def by_falsified(self) -> Any:
        """What the same launch, told wrongly, would give; None if that makes no sense at all."""
        try:
            return self.batch.answer(self.batch.launches()[self.index].falsified())
        except Exception:
            return None


class Batch:
    """The settings of one check: one call of the probe's host function, made when it is needed."""

    def __init__(
        self,
        probe: Probe,
        runs: str,
        settings: Sequence[Setting],
        call: Callable[[Sequence[Setting]], tuple[Any, ...]],
        answer: Callable[[Traced], Any],
    ) -> None:
        self.probe = probe
        self.runs = runs
        self.settings = settings
        self.call = call
        self.answer = answer
        self._launches: list[Traced] | None = None

    def launches(self) -> list[Traced]:
        """The traced launches, one a setting.

        Raises:
            KbkError: the probe cannot be built or run, or has not launched once a setting.
        """
        if self._launches is None:
            found = self.probe.run(self.runs, *self.call(self.settings))
            if len(found) != len(self.settings):
                raise KbkError(
                    f"{self.probe.name}: {self.runs} made {len(found)} launches for "
                    f"{len(self.settings)} settings."
                )
            self._launches = found
        return self._launches


class Probe:
    """Kernels whose traced launches are the truth of a prediction.

    Args:
        name: of the build.
        source: CUDA C++.
        functions: its host functions, each of which launches one kernel for each setting, in their
            order.
    """

    def __init__(self, name: str, source: str, functions: Iterable[str]) -> None:
        self.name = name
        self.source = source
        self.functions = tuple(functions)

    def asks(
        self,
        function: str,
        settings: Iterable[Setting],
        *,
        runs: str,
        call: Callable[[Sequence[Setting]], tuple[Any, ...]],
        answer: Callable[[Traced], Any],
    ) -> Iterator[Ask]:
        """Ask a learner's function for each setting what the trace says.

        Args:
            function: the learner's.
            settings: its arguments, each a tuple.
            runs: the probe's host function.
            call: makes the arguments of that, from all settings.
            answer: the plain value that a launch shows.
        """
        batch = Batch(self, runs, list(settings), call, answer)
        for index, setting in enumerate(batch.settings):
            yield Ask(function, *setting, expect=Expected(batch, index))

    def run(self, function: str, *values: Any) -> list[Traced]:
        """Call a host function, and give what each of its launches asked of memory.

        Raises:
            KbkError: it cannot be built, its launch failed, or it made too many requests.
        """
        from kbk import sim
        from kbk.build.watchers import unseen
        from kbk.sanitizer.memory import call_arguments

        module = self._module()
        op = getattr(module, function)
        told = call_arguments("trace", module, op, values)
        # Somebody's kbk.sanitize() or kbk.profile() is not about the grader's own kernels.
        with unseen(), sim.settings(seed=None, time_limit=_SECONDS):
            counted.start(told, _MOST_REQUESTS)
            try:
                op(*values)
            finally:
                launches = counted.take()
        if any(launch.left_out for launch in launches):
            raise KbkError(f"{self.name}: a launch made more than {_MOST_REQUESTS:,} requests.")
        begins = {each.number: each.data for each in told if each.number is not None}
        numbers = {each.name: each.number for each in told if each.number is not None}
        return [Traced(_ordered(launch), begins, numbers) for launch in launches]

    def _module(self) -> Module:
        from kbk.sim import trace

        return trace.load(self.name, self.source, list(self.functions))


def _ordered(launch: Counted) -> Rows:
    """Its requests, warp by warp."""
    rows = launch.requests
    return rows[np.lexsort((np.arange(len(rows)), rows["warp"], rows["block"]))]
