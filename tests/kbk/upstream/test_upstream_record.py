"""Records of `kbk upstream`: what they hold, what they leave out, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kbk.errors import ArgumentError
from kbk.upstream import record as records
from kbk.upstream.record import (
    CaseResult,
    FileResult,
    FindingResult,
    LaunchCounters,
    Mistake,
    Record,
    WrongElement,
)


def made(date: str = "2026-11-30T00:00:00Z", commit: str = "a" * 40) -> Record:
    wrong = WrongElement([2, 3], "1", "2", "0.1", "1 was stored by thread (3, 0, 0)")
    mistake = Mistake("out", "1 of 8 elements of out are wrong", 1, 8, [wrong])
    finding = FindingResult(
        *("race", "race-raw", "error", "kernel"),
        *("a.cu", 7, None, None),
        message="a race\n    by thread 1",
        count=2,
        cases=["one"],
        excerpts="a race\n        out[0] = 1;\n    by thread 1",
    )
    cases = [
        CaseResult("one", "copy", "", "right", reordered="right", findings=1),
        CaseResult("two", "copy", "a defect", "wrong-answer", "1 wrong", [mistake], shown=True),
    ]
    file = FileResult(
        *("copy", "copies", "csrc/copy.cu", ["copy"]),
        lines=9,
        sha256="0" * 64,
        verdict="pass",
        build_seconds={"plain": 1.0, "traced": 2},
        cases=cases,
        findings=[finding],
        shape="8 ints",
        launches=[LaunchCounters("kernel", [1, 1, 1], [8, 1, 1], {"requests": 3})],
    )
    return Record(date, 0, {"kbk": "0"}, commit, "none", "unknown", [file])


def test_a_record_comes_back_as_it_was_saved_without_lines_of_sources(tmp_path: Path):
    path = records.save(made(), tmp_path / "upstream")
    assert path.name == f"sglang_{'a' * 12}.json"
    assert "out[0] = 1;" not in path.read_text()
    assert records.load(path) == made().without_excerpts()


def test_a_compilers_excerpt_is_left_out_of_a_record():
    record = made()
    failed = replace(
        record.files[0], verdict="compile-error", text="a.cu:3:1: no\n  3 | x();", line=3
    )
    assert replace(record, files=[failed]).without_excerpts().files[0].text == "a.cu:3:1: no"


def test_the_newest_record_is_the_last_by_date(tmp_path: Path):
    records.save(made("2026-11-01T00:00:00Z", "a" * 40), tmp_path)
    records.save(made("2026-12-01T00:00:00Z", "b" * 40), tmp_path)
    assert records.newest(tmp_path).sglang == "b" * 40
    assert records.newest(tmp_path / "none") is None


def test_a_file_that_is_no_record_is_refused(tmp_path: Path):
    path = tmp_path / "sglang_1.json"
    with pytest.raises(ArgumentError, match="must be a record of kbk upstream"):
        records.load(path)
    for text in ("[]", "{}", '{"schema": 99}'):
        path.write_text(text)
        with pytest.raises(ArgumentError, match="must be a record of schema 1"):
            records.load(path)


def without(data, *place):
    *inner, last = place
    for key in inner:
        data = data[key]
    del data[last]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: without(data, "sglang"), "a Record must have its members; wrong: sglang"),
        (lambda data: without(data, "files"), "there must be a list 'files'"),
        (lambda data: without(data, "files", 0, "title"), "FileResult .* wrong: title"),
        (lambda data: data["files"][0].update(lines="9"), "FileResult.lines must be int"),
        (lambda data: data["files"][0].update(verdict="fine"), "verdict of csrc/copy.cu must be"),
        (lambda data: data["files"][0]["cases"][0].update(outcome="ok"), "outcome of one must be"),
        (lambda data: data["files"][0]["cases"][0].update(name="1"), "names a case 'one'"),
        (
            lambda data: data["files"][0]["cases"][0].update(outcome="hang"),
            "passed, though a case of it did not",
        ),
        (lambda data: data["files"][0].update(more=1), "wrong: more"),
    ],
)
def test_a_record_that_does_not_hold_together_is_refused(change, says: str):
    data = json.loads(made().to_json())
    change(data)
    with pytest.raises(ArgumentError, match=says):
        records.from_dict(data)


def test_a_run_passes_if_every_file_does():
    record = made()
    assert record.ok
    assert not replace(record, files=[replace(record.files[0], verdict="missing")]).ok
