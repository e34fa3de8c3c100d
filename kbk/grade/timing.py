"""Times a submission beside the reference, in one process, on one device: the worker's half.

    each round:  restore inputs, poison outputs, L2 out of the way | one | the same | the other

Each case comes in a few draws: the same shapes with other values. A round takes one of them, copies
it into the same memory for both, and times both, in changing order; the medians are compared. So:
- what was computed for an earlier call is no use: values change from call to call under the same
  addresses, outputs are poisoned, and of each draw the last output is judged by the oracle;
- work on another stream counts: a time ends when the whole device is idle, and the time of an empty
  call, taken in the same way, is subtracted;
- a slow or a busy device slows both.
It is no wall: on a GPU a submission runs in the process that reads the clock.
"""

from __future__ import annotations

import mmap
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from kbk.grade.calls import Call

WARM = 3
"""Calls of each before anything is timed."""
MOST, LEAST, SECONDS = 30, 5, 2.0
"""Rounds of a case: as many as fit into so many seconds, within these bounds."""


class Clock(Protocol):
    """Measures calls."""

    def seconds(self, work: Callable[[], object]) -> float:
        """How long a call takes, until all of it is done."""

    def settle(self) -> None:
        """Between two calls: whatever makes them equal."""


class HostClock:
    """For the simulator, whose calls are done when they return."""

    def seconds(self, work: Callable[[], object]) -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    def settle(self) -> None:
        pass


class CudaClock:
    """Events around a call and a wait for the whole device. L2 is filled with other data before."""

    def __init__(self) -> None:
        import torch

        size = 2 * torch.cuda.get_device_properties(0).L2_cache_size
        self._other = torch.empty(max(size, 1 << 20), dtype=torch.uint8, device="cuda")
        self._events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        self._empty = statistics.median(self._raw(lambda: None) for _ in range(21))

    def _raw(self, work: Callable[[], object]) -> float:
        import torch

        first, last = self._events
        torch.cuda.synchronize()
        first.record()
        work()
        torch.cuda.synchronize()
        last.record()
        last.synchronize()
        return float(first.elapsed_time(last)) / 1e3

    def seconds(self, work: Callable[[], object]) -> float:
        return max(self._raw(work) - self._empty, 1e-7)

    def settle(self) -> None:
        self._other.fill_(1)


def pairs(
    mine: Callable[[int], object],
    theirs: Callable[[int], object],
    before: Callable[[int], object],
    after: Callable[[int], object],
    clock: Clock,
    draws: int,
    seed: int,
) -> tuple[list[float], list[float]]:
    """Seconds of each, round by round.

    Args:
        mine, theirs: one call, with a draw.
        before: makes the memory of a draw ready for a call.
        after: takes what `mine` gave for a draw; called for the last round of each.
        clock: measures.
        draws: how many there are.
        seed: of their order.
    """
    rng = random.Random(seed)
    begin = time.perf_counter()
    for number in range(WARM):
        for call in (theirs, mine):
            before(number % draws)
            clock.seconds(lambda call=call, number=number: call(number % draws))  # type: ignore[misc]
    spent = (time.perf_counter() - begin) / WARM
    rounds = max(min(int(SECONDS / max(spent, 1e-6)), MOST), LEAST, draws)
    order = [
        *(rng.randrange(draws) for _ in range(rounds - draws)),
        *rng.sample(range(draws), draws),
    ]
    found: tuple[list[float], list[float]] = ([], [])
    for number, draw in enumerate(order):
        both = [(0, mine), (1, theirs)]
        for which, call in both if number % 2 else both[::-1]:
            before(draw)
            clock.settle()
            found[which].append(clock.seconds(lambda call=call, draw=draw: call(draw)))  # type: ignore[misc]
            if which == 0 and number >= rounds - draws:
                after(draw)
    return found


def run(job: dict[str, Any], module: Any, reference: Any, shared: mmap.mmap, emit: Any) -> bool:
    """Time all cases of a job whose cases come in `draws` each, one behind the other."""
    from kbk import errors
    from kbk.grade.calls import Call, named

    clock: Clock = CudaClock() if job["machine"] == "cuda" else HostClock()
    draws = job["reference"]["draws"]
    for at in range(0, len(job["cases"]), draws):
        cases = job["cases"][at : at + draws]
        calls = [Call(case, shared, job["machine"]) for case in cases]
        for case in cases:
            emit("begin", index=case["index"])
        # The watchdog measures from report to report: a call may take as long as any.
        beat = partial(emit, "round", index=cases[0]["index"])
        try:
            mine, theirs = _timed(
                cases[0]["function"], module, reference, calls, clock, job["seed"], beat
            )
        except errors.LaunchError as error:
            told = {"kind": error.kind, "text": str(error)[:8000], "line": error.line}
            emit("end", index=cases[0]["index"], error=told)
            return True
        except errors.ArgumentError as error:
            told = {"kind": "argument", "text": str(error)[:8000]}
            emit("end", index=cases[0]["index"], error=told)
            return True
        except Exception as error:
            emit("end", index=cases[0]["index"], error={"kind": "exception", "text": named(error)})
            return True
        for case, call in zip(cases, calls, strict=True):
            call.finish()
            emit("end", index=case["index"])
        emit("timed", index=cases[0]["index"], mine=mine, theirs=theirs)
    return True


def _timed(
    function: str,
    module: Any,
    reference: Any,
    calls: list[Call],
    clock: Clock,
    seed: int,
    beat: Callable[[], object],
) -> tuple[list[float], list[float]]:
    """Time one case. The memory of its draws holds what the submission gave, in the end."""
    memory = [call.memory() for call in calls]
    pristine = [[each.clone() for each in storages] for storages in memory]
    given: dict[int, list[Tensor]] = {}
    arguments = calls[0].arguments

    def before(draw: int) -> None:
        beat()
        for target, source in zip(memory[0], pristine[draw], strict=True):
            target.copy_(source)

    def after(draw: int) -> None:
        given[draw] = [each.clone() for each in memory[0]]

    op, other = getattr(module, function), getattr(reference, function)
    found = pairs(
        lambda _: op(*arguments),
        lambda _: other(*arguments),
        before,
        after,
        clock,
        len(calls),
        seed,
    )
    for draw, storages in given.items():
        for target, source in zip(memory[draw], storages, strict=True):
            target.copy_(source)
    return found
