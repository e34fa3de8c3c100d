"""The table of the simulator beside compute-sanitizer: how it counts, and what it must explain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kbk.bench import agreement, records


def program(name: str, simulator: str = "clean", **tools: str) -> dict[str, Any]:
    kind = "" if name.startswith("right") else name.split("/")[1]
    words = dict.fromkeys(agreement.TOOLS, "clean") | tools
    told = {tool: {"verdict": word, "first": ""} for tool, word in words.items()}
    return {"id": name, "kind": kind, "simulator": simulator, "tools": told}


PROGRAMS = [
    program("right/shared/tile"),
    program("wrong/race/shared", "error", racecheck="error"),
    program("wrong/race/two_blocks", "error"),
    program("wrong/hang/for_ever", "error", memcheck="timeout"),
    program("wrong/uninitialized/odd", "clean", initcheck="error"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    at = dict.fromkeys(records.PROVENANCE, "1")
    at |= {"gpu": "NVIDIA H200", "date": "2026-12-24", "sanitizer": "compute-sanitizer 2026.1"}
    record = records.Record("agreement", at, {}, "how", {"programs": PROGRAMS})
    records.save(record, tmp_path)
    (tmp_path / "reasons.json").write_text('{"wrong/race/two_*": "racecheck sees shared memory"}')
    return tmp_path


def test_the_two_agree_when_both_report_or_neither_does():
    agrees = [each.agrees for each in agreement.verdicts({"programs": PROGRAMS})]
    assert agrees == [True, True, False, True, False]


def test_a_program_that_does_not_end_under_the_tools_counts_as_reported():
    stuck = agreement.verdicts({"programs": PROGRAMS})[3]
    assert (stuck.gpu, stuck.agrees) == ("does not end", True)


def test_the_summary_has_a_row_for_right_ones_for_each_kind_and_for_all():
    rows = agreement.summary_rows(agreement.verdicts({"programs": PROGRAMS}))
    assert [row[0] for row in rows] == [
        "right",
        "wrong: hang",
        "wrong: race",
        "wrong: uninitialized",
        "all",
    ]
    assert rows[2] == ["wrong: race", 2, 2, 0, 1, 0, 0, 1]
    assert rows[-1] == ["all", 5, 3, 0, 1, 1, 0, 3]


def test_a_difference_stands_with_its_reason_or_with_the_lack_of_one():
    known = {"wrong/race/two_*": "why"}
    found = agreement.verdicts({"programs": PROGRAMS})
    assert agreement.difference_rows(found, known) == [
        ["wrong/race/two_blocks", "error", "clean", "why"],
        ["wrong/uninitialized/odd", "clean", "initcheck: error", agreement.NO_REASON],
    ]


def test_the_page_shows_where_the_record_comes_from_the_summary_and_the_differences(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    agreement.show(folder)
    said = capsys.readouterr().out
    assert "NVIDIA H200, driver 1, CUDA 1, compute-sanitizer 2026.1" in said
    assert "measurements/sanitizer/agreement.nvidia_h200.json" in said
    assert "2 of 5 programs are told differently." in said
    assert "racecheck sees shared memory" in said


def test_without_a_record_the_page_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    agreement.show(tmp_path)
    assert capsys.readouterr().out == ("No record of the corpus under compute-sanitizer yet.\n")


def test_each_difference_of_the_recorded_run_has_a_reason():
    found = agreement.verdicts(agreement.read().data)
    rows = agreement.difference_rows(found, agreement.reasons())
    assert [row[0] for row in rows if row[-1] == agreement.NO_REASON] == []


def test_each_reason_is_needed():
    reading = agreement.read()
    different = [each.id for each in agreement.verdicts(reading.data) if not each.agrees]
    for key in agreement.reasons() if reading.record else ():
        assert any(agreement.reason_for(name, {key: "x"}) == "x" for name in different), key


def test_the_file_of_reasons_is_a_flat_object():
    for key, text in agreement.reasons().items():
        assert isinstance(key, str) and isinstance(text, str) and len(text) > 10


def test_a_record_survives_its_file(folder: Path):
    read = agreement.read(folder)
    assert json.loads(json.dumps(read.data["programs"])) == PROGRAMS
