"""Probes: kernels of the grader's own, whose traced launches answer a prediction."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import kbk
from kbk import sim
from kbk.errors import KbkError, LaunchError
from kbk.grade import Ask, Exercise, Probe, grade, grader
from kbk.grade.probe import Traced, lanes

SOURCE = r"""
__global__ void pairs_k(int* out, const int* x, int step) {
  if (threadIdx.x % 2 == 0) out[threadIdx.x] = x[threadIdx.x * step];
}
void pairs(Tensor out, const Tensor& x, const HostTensor& steps) {
  for (int64_t i = 0; i < steps.numel(); ++i)
    pairs_k<<<1, 64>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>(),
                       int(static_cast<const int64_t*>(steps.data_ptr())[i]));
}
__global__ void many_k(int* out) {
  for (int i = 0; i < 30000; ++i) out[i % 32] = i;
}
void many(Tensor out) { many_k<<<1, 1>>>(out.mutable_data_ptr<int>()); }
__global__ void far_k(int* out) { out[32 + 64] = 1; }
void far(Tensor out) { far_k<<<1, 1>>>(out.mutable_data_ptr<int>()); }
"""
PROBE = Probe("pairs", SOURCE, ["pairs", "many", "far"])


def call(settings: Sequence[tuple[Any, ...]]) -> tuple[torch.Tensor, ...]:
    steps = torch.tensor([step for (step,) in settings])
    return torch.zeros(64, dtype=torch.int32), torch.zeros(1024, dtype=torch.int32), steps


def widest(launch: Traced) -> int:
    """The last byte that a load begins at."""
    return int(launch.loads("x")["address"].max())


def exercise(probe: Probe = PROBE) -> Exercise:
    made = Exercise(
        title="Pairs", kind="predict", stars=1, minutes=5, points=1, functions=("widest",),
        task="Say it.", hints=("one two three four five",) * 3, stub=("ends", "wrong-answer"),
        mutants={},
    )  # fmt: skip

    @made.check("ends", points=1)
    def ends(rng: random.Random) -> Iterator[Ask]:
        steps = [(rng.randrange(16),) for _ in range(5)]
        yield from probe.asks("widest", steps, runs="pairs", call=call, answer=widest)

    return made.bind(Path("/nowhere/90_tests/test_05_pairs.py"))


RIGHT = "def widest(step):\n    return 62 * step * 4\n"


def test_a_launch_tells_addresses_from_the_first_element_of_a_tensor_and_the_lanes() -> None:
    (launch,) = PROBE.run("pairs", *call([(3,)]))
    loads, stores = launch.loads("x"), launch.stores("out")
    assert loads["warp"].tolist() == stores["warp"].tolist() == [0, 1]
    assert lanes(loads) == [list(range(0, 32, 2))] * 2
    assert loads["address"][1, ::2].tolist() == [12 * (32 + lane) for lane in range(0, 32, 2)]
    assert stores["address"][1, ::2].tolist() == [4 * (32 + lane) for lane in range(0, 32, 2)]
    assert len(launch.loads("out")) == len(launch.stores("x")) == 0


def test_a_launch_that_is_told_wrongly_differs_in_all_that_it_tells() -> None:
    (launch,) = PROBE.run("pairs", *call([(3,)]))
    true, false = launch.loads("x"), launch.falsified().loads("x")
    assert len(false) == 2 * len(true)
    for name in ("block", "warp", "lanes", "cost", "pc"):
        assert not set(true[name]) & set(false[name]) or name == "warp", name
    sectors = [{int(at) // 32 for at in rows["address"].ravel() if at} for rows in (true, false)]
    assert len(sectors[1]) > len(sectors[0])


def test_a_prediction_is_judged_by_what_traced_kernels_did() -> None:
    assert grade(exercise(), RIGHT).ok
    report = grade(exercise(), RIGHT.replace("62", "63"))
    assert report.verdict == "wrong-answer" and "must be" in report.failed.message


def test_the_kernels_run_when_the_process_of_the_submission_is_gone(monkeypatch) -> None:
    order = []
    worker, probe = grader.run_worker, Probe.run
    monkeypatch.setattr(
        grader, "run_worker", lambda *job: (worker(*job), order.append("submission"))[0]
    )
    monkeypatch.setattr(Probe, "run", lambda *made: (order.append("probe"), probe(*made))[1])
    assert grade(exercise(), RIGHT).ok
    assert order == ["submission", "probe"]


def test_a_submission_that_fails_needs_no_probe(monkeypatch) -> None:
    monkeypatch.setattr(Probe, "run", lambda *made: pytest.fail("it was run"))
    assert grade(exercise(), "def widest(step): return 1 / 0\n").verdict == "crash"


@pytest.mark.parametrize("watcher", [kbk.profile, kbk.sanitize])
def test_somebody_who_watches_calls_does_not_see_those_of_a_probe(watcher) -> None:
    with watcher() as watched, sim.settings(seed=3):
        assert grade(exercise(), RIGHT).ok
    assert watched.launches == []


def test_a_probe_that_cannot_be_built_is_no_fault_of_the_submission() -> None:
    report = grade(exercise(Probe("pairs", "void pairs(Tensor out) { no; }", ["pairs"])), RIGHT)
    assert report.verdict == "cannot-grade" and "pairs.cu:1" in report.failed.message


def test_a_probe_launches_once_a_setting_and_keeps_every_request() -> None:
    def twice(settings: Sequence[tuple[Any, ...]]) -> tuple[torch.Tensor, ...]:
        return call([*settings, *settings])

    (ask,) = PROBE.asks("widest", [(1,)], runs="pairs", call=twice, answer=widest)
    with pytest.raises(KbkError, match="pairs made 2 launches for 1 settings"):
        ask.expect()
    with pytest.raises(KbkError, match="more than 20,000 requests"):
        PROBE.run("many", torch.zeros(32, dtype=torch.int32))


def test_a_probe_whose_kernel_fails_says_so_and_the_next_run_works() -> None:
    with pytest.raises(LaunchError, match="out of bounds"):
        PROBE.run("far", torch.zeros(32, dtype=torch.int32))
    assert len(PROBE.run("pairs", *call([(1,), (2,)]))) == 2
