"""The tables of the simulator's counters beside the GPU's: what they count and explain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kbk.bench import equality, records
from kbk.bench.equality import Difference, Group, Outcome

TICKETS = Difference("atomics/tickets", "sectors", 2000, 63)
PROBE = Difference("pattern/few-banks", "sectors", 20, 21)
LOOP = Difference("control/loop", "bytes.ratio", 9.5, 32)
BINDING = Outcome(
    "g++ 12.2.0",
    "2026-11-26",
    (
        Group("copies", 4, 2, 300, 300),
        Group("atomics", 3, 3, 100, 98),
        Group("outside", 1, 1, 8, 1),
        Group("pattern", 9, 2, 30, 29),
    ),
    (TICKETS, Difference("atomics/tickets", "excess", 1937, 0), PROBE),
)
OTHER = Outcome("clang++ 14.0.6", "2026-11-27", BINDING.groups, (TICKETS, PROBE, LOOP))
WHY = {"atomics/tickets": {"*": "VOTEU and one lane"}, "pattern/few-banks": {"sectors": "observed"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    equality.save(OTHER, tmp_path)
    equality.save(BINDING, tmp_path)
    at = dict.fromkeys(records.PROVENANCE, "1") | {"gpu": "NVIDIA H200", "ncu": "2025.3"}
    records.save(records.Record("goldens", at, {}, "how", {}), tmp_path)
    (tmp_path / "reasons.json").write_text(json.dumps(WHY))
    return tmp_path


def test_outcomes_survive_their_file_and_the_binding_compiler_is_the_first(folder: Path):
    assert equality.outcomes(folder) == [BINDING, OTHER]


def test_a_compiler_has_one_outcome_its_last(folder: Path):
    again = Outcome(OTHER.compiler, "2026-12-01", OTHER.groups, ())
    equality.save(again, folder)
    assert equality.outcomes(folder) == [BINDING, again]


def test_the_whole_leaves_out_probes_and_what_is_outside_of_the_bar():
    assert BINDING.whole == Group("all", 7, 5, 400, 398)
    names = [row[0] for row in equality.summary_rows(BINDING)]
    assert names == [
        "copies",
        "atomics",
        "all of these",
        "outside of the bar",
        "probes of one warp",
    ]
    assert equality.summary_rows(BINDING)[2][1:] == [7, 5, "400", "398", "99.50%"]


def test_a_reason_is_said_once_and_the_lack_of_one_too():
    rows = equality.difference_rows(BINDING, WHY)
    assert rows[0] == ["atomics/tickets: sectors", "2,000", "63", "VOTEU and one lane"]
    assert [row[-1] for row in rows[1:]] == ["as above", "observed"]
    assert equality.difference_rows(OTHER, WHY)[-1][-1] == equality.NO_REASON


def test_another_compiler_is_told_by_what_it_changes():
    assert equality.changes(OTHER, BINDING) == [LOOP]
    assert equality.compiler_rows([BINDING, OTHER]) == [
        ["g++ 12.2.0", "400", "398", "99.50%", "binding"],
        ["clang++ 14.0.6", "400", "398", "99.50%", "control/loop"],
    ]


def test_the_page_shows_where_the_counters_come_from_and_every_table(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    equality.show(folder)
    equality.show_differences(folder)
    equality.show_compilers(folder)
    equality.show_changes(folder)
    said = capsys.readouterr().out
    assert "NVIDIA H200, driver 1, CUDA 1, ncu 2025.3" in said
    assert all(
        word in said for word in ("VOTEU and one lane", "as above", "clang++ 14.0.6", "9.50")
    )
    assert equality.numbers(folder)["share"] == "99.50%"


def test_without_a_record_the_page_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    equality.show(tmp_path)
    equality.show_differences(tmp_path)
    equality.show_compilers(tmp_path)
    equality.show_changes(tmp_path)
    assert capsys.readouterr().out == "Nothing was counted on a GPU yet.\n"
    assert equality.numbers(tmp_path) == {}


def test_every_recorded_difference_has_a_reason_and_every_reason_a_difference():
    (binding,) = [each for each in equality.outcomes() if equality.binds(each)]
    known = equality.reasons()
    told = [equality.reason_for(each.launch, each.metric, known) for each in binding.differences]
    assert equality.NO_REASON not in told
    needed = {(each.launch, each.metric) for each in binding.differences}
    for launch, metrics in known.items():
        for metric in metrics:
            fits = {m for name, m in needed if name == launch}
            assert fits if metric == "*" else metric in fits, (launch, metric)
