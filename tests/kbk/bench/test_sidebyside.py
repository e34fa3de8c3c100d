"""Ops beside their peers, rehearsed on the simulator under a clock that the tests set."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from kbk.bench import activation, records, sidebyside
from kbk.bench.sidebyside import CEILING, Calls, Case, Suite
from kbk.cli import app

Fn = Callable[[], object]


class Clock:
    """Runs a call and says that it took as long as its name is set to."""

    def __init__(self, us: dict[str, float]) -> None:
        self.us = us

    def time(self, fn: Fn) -> float:
        return self.us[str(fn())]


def calls(**missing: str) -> Calls:
    made = Calls(ours=lambda: "ours", check=lambda fn: "" if fn() != "liar" else "an element is 3")
    made.add("slow", lambda: lambda: "slow")
    made.add("fast", lambda: lambda: "fast")
    made.add("liar", lambda: lambda: "liar")

    def absent() -> Fn:
        raise ModuleNotFoundError("No module named 'faster'\nand more")

    made.add("absent", absent)
    made.ceilings = {"a grid": lambda: "grid", "a better grid": lambda: "better"}
    return made


def suite(make: Callable[[], Calls] = calls) -> Suite:
    cases = [Case("small", 3000, make), Case("large", 600_000, make, at_ceiling=True)]
    return Suite("made_up", ("ceilings.cu",), "kbk.ops.made_up", cases)


TIMES = {"ours": 100.0, "slow": 200.0, "fast": 101.0, "grid": 99.0, "better": 98.0}


def measured(**us: float) -> dict[str, Any]:
    data = sidebyside.measure(suite(), pairs=20, timer=Clock({**TIMES, **us})).data
    return dict(json.loads(json.dumps(data)))


def test_ours_is_compared_with_the_fastest_peer_and_the_best_grid():
    row = measured()["large"]
    assert (row["best"], row["grid"]) == ("fast", "a better grid")
    assert row["functions"]["kbk.ops.made_up"]["ratio"] == 1.01
    assert (row["passes"], row["share"], row["share_passes"]) == (True, 0.98, True)
    assert row["functions"]["kbk.ops.made_up"]["GBps"] == 6.0


def test_a_case_that_loses_stays_in_the_table_and_is_marked():
    data = measured(ours=103.0)
    head, rows = sidebyside.table(suite(), data)
    assert [row[0] for row in rows] == ["small", "large"]
    against, share = head.index("best peer / ours"), head.index("share of the ceiling")
    assert rows[1][against] == "0.981 SLOWER"
    assert rows[1][share] == "0.952 BELOW"
    assert rows[0][share] == "0.952"  # only the largest case must be at the ceiling
    assert rows[1][head.index("liar us")] == "-"


def test_a_peer_that_is_absent_or_wrong_is_named_with_the_reason():
    lines = sidebyside.absent(measured())
    assert lines == [
        "Missing: liar. its answer is wrong: an element is 3",
        "Missing: absent. ModuleNotFoundError: No module named 'faster'",
    ]
    data = measured()
    data["small"]["missing"] = {}
    assert sidebyside.absent(data)[0].startswith("Missing: liar at large.")


def test_without_any_peer_nothing_passes():
    alone = Calls(ours=lambda: "ours", check=lambda fn: "")
    data = sidebyside.measure(suite(lambda: alone), pairs=20, timer=Clock(TIMES)).data
    assert data["large"]["passes"] is False
    assert "no peer" in sidebyside.table(suite(), data)[1][1]


def test_nothing_is_recorded_when_ours_is_wrong():
    liar = Calls(ours=lambda: "liar", check=lambda fn: "an element is 3")
    with pytest.raises(AssertionError, match=r"kbk.ops.made_up is wrong at small: an element is 3"):
        sidebyside.measure(suite(lambda: liar), pairs=20, timer=Clock(TIMES))


class Rehearsal:
    """Runs the call and says that it took 10, 11, 10, 11, ... us."""

    count = 0

    def time(self, fn: Fn) -> float:
        fn()
        self.count += 1
        return 10.0 + self.count % 2


@pytest.fixture
def quick(monkeypatch):
    """Two grids for the ceiling, and no compiler: torch.compile takes its time on a CPU."""
    every = activation.ceilings
    monkeypatch.setattr(activation, "_compiled", lambda x: lambda: activation.eager(x))
    monkeypatch.setattr(activation, "ceilings", lambda n, d: dict(list(every(n, d).items())[:2]))


def test_the_suite_of_the_activation_runs_and_names_the_peers(quick):
    of = activation.suite(((3, 64), (2, 12)), device="cpu")
    record = sidebyside.measure(of, pairs=20, timer=Rehearsal(), probes=2)
    assert list(record.data) == ["3 x 64", "2 x 12"]
    row = record.data["3 x 64"]
    assert row["bytes_moved"] == 3 * 3 * 64 * 2
    assert {"kbk.ops.silu_and_mul", "torch eager", "torch.compile", CEILING} <= set(
        row["functions"]
    )
    assert {*row["functions"], *row["missing"]} >= {"FlashInfer", "Liger"}
    assert set(record.kernels) == {"activation.cu", "ceilings.cu"}


def test_the_check_of_the_activation_finds_a_wrong_element(quick):
    made = activation.calls(4, 64, "cpu")
    assert made.check(made.ours) == ""
    x = made.ours.args[0]  # type: ignore[attr-defined]
    right = activation.eager(x)
    assert made.check(lambda: right) == ""
    right[0, 3] += 1
    assert "further from float64" in made.check(lambda: right)
    assert made.check(lambda: None) != "", "an output that nobody wrote"


def test_the_ladder_of_the_activation_times_every_rung_beside_the_ceiling(quick):
    record = activation.ladder(((2, 64),), Rehearsal(), count=2, device="cpu")
    row = record.data["2 x 64"]
    assert row["bytes"] == 3 * 2 * 64 * 2
    assert list(row["rungs"])[:6] == list(activation.RUNGS)
    assert {"silu_in_flight 2", "silu_in_flight 2 fast", "silu_and_mul", CEILING} <= set(
        row["rungs"]
    )


def test_the_shapes_are_those_that_are_asked_for():
    cases = activation.suite().cases
    assert [case.name for case in cases if case.at_ceiling] == ["16384 x 14336"]
    assert {case.name for case in cases} == {
        *(f"{tokens} x 14336" for tokens in (1, 64, 1024, 4096, 16384)),
        "8192 x 11008",
    }


def test_without_a_gpu_the_newest_record_is_shown_with_where_it_comes_from(monkeypatch, tmp_path):
    of = replace(suite(), name="activation", ours="kbk.ops.silu_and_mul")
    record = sidebyside.measure(of, 20, Clock(TIMES))
    at = {**record.provenance, "gpu": "NVIDIA H200", "date": "2026-11-27T05:00:00Z"}
    records.save(replace(record, provenance=at), tmp_path)
    monkeypatch.setattr(
        sidebyside,
        "live_or_record",
        lambda name, measure, gpu: records.live_or_record(name, measure, gpu=gpu, folder=tmp_path),
    )
    if torch.cuda.is_available():
        pytest.skip("here is a GPU, which would measure")
    run = CliRunner().invoke(app, ["bench", "activation"])
    assert run.exit_code == 0, run.output
    assert "nothing is measured" in run.output
    assert "NVIDIA H200" in run.output and "2026-11-27" in run.output
    assert "Missing: absent. ModuleNotFoundError: No module named 'faster'" in run.output
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr(
        sidebyside,
        "live_or_record",
        lambda name, measure, gpu: records.live_or_record(name, measure, gpu=gpu, folder=empty),
    )
    run = CliRunner().invoke(app, ["bench", "activation"])
    assert run.exit_code == 1
    assert "No record yet" in run.output


def test_a_family_that_does_not_exist_is_named():
    run = CliRunner().invoke(app, ["bench", "silu"])
    assert run.exit_code == 1
    assert "NAMES must be of activation" in run.output
    assert "'silu'" in run.output
