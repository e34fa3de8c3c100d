"""Times functions: on a GPU with events and a cleared L2 cache, on the host with a clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any, Protocol

import torch

from kbk.bench.stats import Comparison

MIN_PAIRS = 20
FIRST_WAIT = 1 << 17
"""Cycles that the GPU waits before a call, about 70 us, beside 130 us for the clearing."""
LONGEST_WAIT = 1 << 25
"""About 16 ms."""
Fn = Callable[[], object]


class Timer(Protocol):
    """Times one call."""

    def time(self, fn: Fn) -> float:
        """Runs ``fn`` once and returns its time in us."""


class CudaTimer:
    """Times one call on the current CUDA device between two events, after clearing the L2 cache.

    Writing a buffer many times the L2 evicts whatever the call could find there. Then the GPU waits
    while Python queues the call, so that the events enclose device time only. The time of a call
    that was queued too late is thrown away and the wait doubled, for every later call of any
    function: a slow host, as that of ``torch.compile``, must not pass for a slow GPU. Of a function
    that waits for the GPU itself, what the longest wait, 16 ms, gives counts.

    Args:
        clear_bytes: size of that buffer; by default the larger of 512 MiB and four times the L2.

    Raises:
        RuntimeError: there is no CUDA device.
    """

    def __init__(self, clear_bytes: int | None = None) -> None:
        if not torch.cuda.is_available():
            raise RuntimeError("CudaTimer needs a CUDA device; torch sees none")
        l2 = torch.cuda.get_device_properties().L2_cache_size
        words = (clear_bytes or max(512 << 20, 4 * l2)) // 4
        self._buffer = torch.empty(words, dtype=torch.int32, device="cuda")
        self._start = torch.cuda.Event(enable_timing=True)
        self._stop = torch.cuda.Event(enable_timing=True)
        self._calls = 0
        self._wait = FIRST_WAIT

    def time(self, fn: Fn) -> float:
        """Runs ``fn`` once on the current stream and returns its device time in us."""
        while True:
            us, late = self._attempt(fn)
            if not late or self._wait >= LONGEST_WAIT:
                return us
            self._wait *= 2

    def _attempt(self, fn: Fn) -> tuple[float, bool]:
        """Time in us, and whether the GPU had come to the call before all of it was queued."""
        self._calls += 1
        self._buffer.fill_(self._calls)
        torch.cuda._sleep(self._wait)  # type: ignore[no-untyped-call]
        self._start.record()
        fn()
        self._stop.record()
        late = self._start.query()
        self._stop.synchronize()
        return float(self._start.elapsed_time(self._stop)) * 1e3, late


def compare(
    fns: Mapping[str, Fn],
    pairs: int = MIN_PAIRS,
    *,
    peer: str | None = None,
    timer: Timer | None = None,
    warmup: int = 3,
    bytes_moved: int = 0,
    notes: Mapping[str, Any] | None = None,
) -> Comparison:
    """Times functions in turn, ``pairs`` rounds in one process, the peer twice a round.

    The order rotates from round to round, so that no function always follows the same one.

    Args:
        fns: name -> function without arguments.
        pairs: rounds, at least 20.
        peer: the function that the others are compared with; by default the first.
        timer: how one call is timed; by default a :class:`CudaTimer`.
        warmup: untimed calls of each function before the first round.
        bytes_moved: bytes read plus written by one call, for GB/s.
        notes: further entries of the comparison's JSON.

    Raises:
        ValueError: no functions, an unknown peer, or fewer than 20 pairs.
    """
    if not fns:
        raise ValueError("compare needs at least one function; fns is empty")
    if pairs < MIN_PAIRS:
        raise ValueError(f"pairs must be at least {MIN_PAIRS}; it was {pairs}")
    peer = peer or next(iter(fns))
    if peer not in fns:
        raise ValueError(f"peer must be one of {', '.join(fns)}; it was {peer}")
    timer = timer or CudaTimer()
    for fn in fns.values():
        for _ in range(warmup):
            timer.time(fn)
    turns: list[tuple[str, bool]] = [(name, False) for name in fns] + [(peer, True)]
    times: dict[str, list[float]] = {name: [] for name in fns}
    again: list[float] = []
    for index in range(pairs):
        shift = index % len(turns)
        for name, second in turns[shift:] + turns[:shift]:
            (again if second else times[name]).append(timer.time(fns[name]))
    return Comparison(peer, times, again, bytes_moved, dict(notes or {}))


def host_us(
    fns: Mapping[str, Fn],
    calls: int = 200,
    rounds: int = 21,
    clock: Callable[[], float] = time.perf_counter,
    settle: Fn | None = None,
) -> dict[str, float]:
    """Host time of one call of each function in us: median over rounds of ``calls`` calls.

    The rounds of the functions alternate. ``settle`` runs between rounds, untimed: on a GPU a
    synchronisation, so that no call waits for room in the launch queue.
    """
    times: dict[str, list[float]] = {name: [] for name in fns}
    for fn in fns.values():
        fn()
    for _ in range(rounds):
        for name, fn in fns.items():
            if settle:
                settle()
            begin = clock()
            for _ in range(calls):
                fn()
            times[name].append((clock() - begin) / calls * 1e6)
    return {name: median(t) for name, t in times.items()}
