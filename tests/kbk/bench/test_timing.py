"""How functions take turns under a timer. The timer here is fake: it counts, no clock runs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch

from kbk.bench import timing
from kbk.bench.timing import CudaTimer, compare, host_us


class FakeTimer:
    """Says that a call took as many us as the function returns; keeps the order of the calls."""

    def __init__(self) -> None:
        self.calls: list[float] = []

    def time(self, fn: Callable[[], object]) -> float:
        us = float(fn())  # type: ignore[arg-type]
        self.calls.append(us)
        return us


FNS = {"peer": lambda: 100.0, "ours": lambda: 50.0}


def test_every_function_runs_once_a_round_and_the_peer_twice():
    timer = FakeTimer()
    found = compare(FNS, 20, timer=timer, warmup=0)
    assert len(found.times["peer"]) == len(found.times["ours"]) == len(found.again) == 20
    for start in range(0, 60, 3):
        assert sorted(timer.calls[start : start + 3]) == [50.0, 100.0, 100.0]


def test_each_function_takes_each_place_in_a_round():
    timer = FakeTimer()
    compare(FNS, 21, timer=timer, warmup=0)
    places = {i % 3 for i, us in enumerate(timer.calls) if us == 50.0}
    assert places == {0, 1, 2}


def test_warm_up_calls_are_not_counted():
    slow_first = iter([1e6, 1e6] + [50.0] * 20)
    fns = {"peer": lambda: 100.0, "ours": lambda: next(slow_first)}
    found = compare(fns, 20, timer=FakeTimer(), warmup=2)
    assert max(found.times["ours"]) == 50.0


def test_the_first_function_is_the_peer_unless_one_is_named():
    assert compare(FNS, 20, timer=FakeTimer()).ratio("ours") == 2.0
    assert compare(FNS, 20, timer=FakeTimer(), peer="ours").ratio("peer") == 0.5


@pytest.mark.parametrize(
    ("fns", "pairs", "peer", "message"),
    [
        ({}, 20, None, "fns is empty"),
        (FNS, 19, None, "at least 20; it was 19"),
        (FNS, 20, "theirs", "one of peer, ours; it was theirs"),
    ],
)
def test_a_comparison_that_means_nothing_is_refused(fns, pairs, peer, message):
    with pytest.raises(ValueError, match=message):
        compare(fns, pairs, peer=peer, timer=FakeTimer())


def test_host_time_is_the_median_round_over_the_calls():
    now = [0.0]

    def clock() -> float:
        return now[0]

    def work() -> None:
        now[0] += 3e-6

    def settle() -> None:
        now[0] += 1.0  # between rounds, so it must not count

    found = host_us({"f": work}, calls=10, rounds=5, clock=clock, settle=settle)
    assert found == {"f": pytest.approx(3.0)}


class FakeGpu:
    """A GPU that comes to a call after the cycles that it was told to wait; a cycle is 1 ns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.host = self.waits_until = 0.0  # ns
        gpu = self

        class Event:
            def __init__(self, enable_timing: bool) -> None:
                self.at = 0.0

            def record(self) -> None:
                self.at = max(gpu.host, gpu.waits_until)

            def query(self) -> bool:
                return self.at <= gpu.host

            def synchronize(self) -> None:
                gpu.host = self.at

            def elapsed_time(self, other: Event) -> float:
                return (other.at - self.at) / 1e6

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        properties = type("", (), {"L2_cache_size": 4})
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda: properties)
        monkeypatch.setattr(torch.cuda, "Event", Event)
        monkeypatch.setattr(torch.cuda, "_sleep", self.sleep)
        monkeypatch.setattr(timing.torch, "empty", lambda *_, **__: torch.zeros(1))

    def sleep(self, cycles: int) -> None:
        self.waits_until = self.host + cycles

    def call(self, host_us: float, device_us: float) -> Callable[[], None]:
        def fn() -> None:
            self.host += host_us * 1e3
            self.waits_until = max(self.host, self.waits_until) + device_us * 1e3

        return fn


def test_the_time_that_the_host_needs_to_queue_a_call_does_not_count(monkeypatch):
    gpu = FakeGpu(monkeypatch)
    timer = CudaTimer(clear_bytes=4)
    for host in (5, 300, 3000, 5):
        assert timer.time(gpu.call(host, 4)) == pytest.approx(4)


def test_a_call_that_no_wait_is_long_enough_for_ends_all_the_same(monkeypatch):
    gpu = FakeGpu(monkeypatch)
    assert CudaTimer(clear_bytes=4).time(gpu.call(1e5, 4)) > 4


@pytest.mark.gpu
def test_a_host_that_dawdles_is_not_device_time_on_a_gpu():
    x, timer = torch.zeros(1, device="cuda"), CudaTimer()

    def slow() -> None:
        time.sleep(0.002)
        x.add_(1)

    assert timer.time(slow) < 100
