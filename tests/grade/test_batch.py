"""A class is graded fairly and once, and what could not be graded is no grade."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kbk.errors import ArgumentError, KbkError
from kbk.grade import catalogue, export
from kbk.grade.batch import grade_all, job, keys
from kbk.grade.batch.store import Out
from tests.grade.classes import (
    CU,
    HALF,
    HANGS,
    PY,
    RIGHT,
    STUB,
    WRONG,
    exercises,
    facts,
    grades,
    hand_in,
    record,
    stubs,
    verdicts,
)
from tests.grade.conftest import SCALE

SCHEMA = Path(export.__file__).parent / "schemas" / "student.schema.json"


@pytest.fixture
def subs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a class; the book has two small exercises."""
    both = exercises()
    monkeypatch.setattr(catalogue, "_all", lambda folder: both)
    monkeypatch.setattr("kbk.paths.STUBS", stubs(tmp_path / "stubs"))
    return tmp_path / "subs"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int | None]]:
    """What was really graded: exercise, text and seed."""
    seen: list[tuple[str, str, int | None]] = []
    real: Callable[..., Any] = job.grade

    def watched(exercise: Any, text: str, *, seed: int | None = None, apart: Any = ()) -> Any:
        seen.append((exercise.id, text, seed))
        return real(exercise, text, seed=seed)

    monkeypatch.setattr(job, "grade", watched)
    return seen


def bytes_of(out: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(out)): file.read_bytes()
        for file in sorted(out.rglob("*"))
        if file.is_file() and file.name != "lock"
    }


def test_a_class_gets_the_points_of_its_checks_and_each_record_keeps_the_schema(
    subs: Path, out: Path
) -> None:
    hand_in(
        subs,
        {
            "ada": {CU: SCALE, PY: RIGHT},
            "bob": {PY: HALF},
            "cy": {PY: WRONG, "notes.txt": "hello"},
            "dan": {PY: STUB + "\n\n"},
            "eve": {},
            "=cmd()": {PY: ""},
        },
    )
    assert grade_all(subs, out, seed=3, quiet=True) == 0
    assert grades(out) == [
        ["student", "90/01", "90/02", "total", "out of", "complete"],
        ["'=cmd()", "0", "0", "0", "8", "yes"],
        ["ada", "6", "2", "8", "8", "yes"],
        ["bob", "0", "1", "1", "8", "yes"],
        ["cy", "0", "1", "1", "8", "yes"],
        ["dan", "0", "0", "0", "8", "yes"],
        ["eve", "0", "0", "0", "8", "yes"],
    ]
    assert (out / "grades.csv").read_bytes().count(b"\r\n") == 7
    assert verdicts(out, "ada") == {"90/01": "pass", "90/02": "pass"}
    assert verdicts(out, "bob") == {"90/01": "missing", "90/02": "wrong-answer"}
    assert verdicts(out, "dan") == {"90/01": "missing", "90/02": "not-attempted"}
    assert verdicts(out, "=cmd()") == {"90/01": "missing", "90/02": "compile-error"}
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for student in subs.iterdir():
        mine = record(out, student.name)
        jsonschema.validate(mine, schema, jsonschema.Draft202012Validator)
        assert (mine["seed"], mine["machine"], mine["complete"]) == (3, "cpu", True)
    assert record(out, "ada")["isolation"] and record(out, "ada")["kbk"]["digest"] == keys.engine()
    assert record(out, "eve")["submission"]["problems"] == [
        "there is no file of any exercise in it."
    ]


def test_a_text_is_graded_once_however_many_handed_it_in(
    subs: Path, out: Path, graded: list[Any]
) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}, "bob": {PY: RIGHT.replace("\n", "\r\n")}, "cy": {PY: HALF}})
    grade_all(subs, out, quiet=True)
    assert sorted(text for _, text, _ in graded) == sorted([RIGHT, HALF])
    assert len({seed for _, _, seed in graded}) == 1
    assert grades(out)[1][1:] == grades(out)[2][1:]


def test_a_rerun_grades_nothing_and_changes_no_byte(
    subs: Path, out: Path, graded: list[Any]
) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}, "bob": {PY: HALF}, "cy": {}})
    assert grade_all(subs, out, quiet=True) == 0
    before, count = bytes_of(out), len(graded)
    assert grade_all(subs, out, quiet=True) == 0
    assert len(graded) == count and bytes_of(out) == before


def test_a_rerun_grades_only_what_is_new_and_forgets_who_is_gone(
    subs: Path, out: Path, graded: list[Any]
) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}, "bob": {PY: HALF}})
    grade_all(subs, out, quiet=True)
    (subs / "bob").rename(subs.parent / "bob")
    hand_in(subs, {"ada": {PY: WRONG}, "cy": {PY: RIGHT}})
    (out / "students" / "mine.json").write_text("{}")  # nobody's: it stays
    graded.clear()
    with pytest.raises(KbkError, match="mine"):
        grade_all(subs, out, quiet=True)
    (out / "students" / "mine.json").unlink()
    assert [text for _, text, _ in graded] == [WRONG]
    assert sorted(each.stem for each in (out / "students").iterdir()) == ["ada", "cy"]
    assert record(out, "ada")["earned"] == 1


def test_the_seed_is_that_of_the_last_run_until_another_is_given(
    subs: Path, out: Path, tmp_path: Path, graded: list[Any]
) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}})
    grade_all(subs, out, quiet=True)
    first = record(out, "ada")["seed"]
    hand_in(subs, {"bob": {PY: HALF}})
    grade_all(subs, out, quiet=True)
    assert {seed for _, _, seed in graded} == {first}
    other = (first + 1) % (1 << 32)
    (tmp_path / "a.toml").write_text(f"seed = {other}")
    grade_all(subs, out, assignment=tmp_path / "a.toml", quiet=True)
    assert [seed for _, _, seed in graded][2:] == [other, other]
    grade_all(subs, out, assignment=tmp_path / "a.toml", seed=first, quiet=True)
    assert len(graded) == 4 and record(out, "ada")["seed"] == first


def test_another_grader_or_engine_grades_anew(
    subs: Path, out: Path, graded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}})
    grade_all(subs, out, quiet=True)
    monkeypatch.setattr(keys, "engine", lambda: "another")
    grade_all(subs, out, quiet=True)
    assert len(graded) == 2
    _, mine = exercises()
    mine.checks.pop()
    monkeypatch.setattr(catalogue, "_all", lambda folder: (mine,))
    grade_all(subs, out, quiet=True)
    assert len(graded) == 3 and grades(out)[1] == ["ada", "1", "1", "1", "yes"]


def test_what_could_not_be_graded_is_no_grade_and_is_done_by_the_next_run(
    subs: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}, "bob": {PY: HALF}})
    real = job.grade

    def ill(exercise: Any, text: str, *, seed: int, apart: Any) -> Any:
        if text == RIGHT:
            raise KbkError("no C++ compiler was found.")
        return real(exercise, text, seed=seed)

    monkeypatch.setattr(job, "grade", ill)
    assert grade_all(subs, out) == 2
    assert "ada, 90/02: could not be graded: no C++ compiler was found." in capsys.readouterr().err
    assert grades(out)[1:] == [["ada", "0", "", "", "8", "no"], ["bob", "0", "1", "1", "8", "yes"]]
    mine = record(out, "ada")
    assert not mine["complete"] and mine["exercises"][1]["verdict"] == "cannot-grade"
    assert mine["exercises"][1]["checks"][0]["message"] == "no C++ compiler was found."
    assert len(list((out / "store").iterdir())) == 1
    monkeypatch.setattr(job, "grade", real)
    assert grade_all(subs, out, quiet=True) == 0
    assert grades(out)[1] == ["ada", "0", "2", "2", "8", "yes"]


def test_a_check_that_could_not_be_graded_takes_the_whole_exercise_back(
    subs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    real = job.grade

    def half(exercise: Any, text: str, *, seed: int, apart: Any) -> Any:
        report = real(exercise, text, seed=seed)
        last = replace(report.checks[-1], verdict="cannot-grade", earned=0, message="disk full")
        return replace(report, checks=(*report.checks[:-1], last))

    monkeypatch.setattr(job, "grade", half)
    result = job.result_of(exercises()[1], WRONG.replace("i, 2", "i, 3"), 1)
    assert (result["verdict"], result["earned"]) == ("cannot-grade", 0)
    assert not job.is_final(result)


def test_a_full_disk_is_told_and_what_was_graded_is_still_written(
    subs: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    hand_in(subs, {"ada": {PY: RIGHT}, "bob": {PY: HALF}})
    with monkeypatch.context() as patch:
        patch.setattr(Out, "keep", full)
        assert grade_all(subs, out) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert grades(out)[1] == ["ada", "0", "2", "2", "8", "yes"]
    before = bytes_of(out)
    with monkeypatch.context() as patch:
        patch.setattr("kbk.grade.batch.run.write", full)
        with pytest.raises(KbkError, match="No space left on device"):
            grade_all(subs, out, quiet=True)
    assert {**before, **bytes_of(out)} == bytes_of(out)  # nothing that was there is lost
    assert grade_all(subs, out, quiet=True) == 0


def test_a_second_run_is_kept_out_while_one_writes(subs: Path, out: Path) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}})
    with Out(out).locked(), pytest.raises(KbkError, match=r"another `kbk grade` \(process \d+\)"):
        grade_all(subs, out, quiet=True)
    assert grade_all(subs, out, quiet=True) == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_result_is_graded_again(
    subs: Path, out: Path, graded: list[Any], text: str
) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}})
    grade_all(subs, out, quiet=True)
    (kept,) = (out / "store").iterdir()
    whole = facts(out)
    kept.write_text(text)
    assert grade_all(subs, out, quiet=True) == 0
    assert len(graded) == 2 and facts(out) == whole


def test_a_result_that_somebody_improved_is_graded_again(subs: Path, out: Path) -> None:
    hand_in(subs, {"ada": {PY: HALF}})
    grade_all(subs, out, quiet=True)
    (kept,) = (out / "store").iterdir()
    kept.write_text(kept.read_text().replace('"earned": 1', '"earned": 2'))
    grade_all(subs, out, quiet=True)
    assert record(out, "ada")["earned"] == 1


def test_two_entries_for_one_student_are_no_grade_and_others_go_on(subs: Path, out: Path) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}, "bob": {PY: RIGHT}})
    (subs / "ada.zip").write_bytes(b"")
    assert grade_all(subs, out, quiet=True) == 2
    assert grades(out)[1:] == [["ada", "", "", "", "8", "no"], ["bob", "0", "2", "2", "8", "yes"]]


def test_a_name_that_is_too_long_for_a_file_keeps_its_record(subs: Path, out: Path) -> None:
    long = "a" * 250
    hand_in(subs, {long: {PY: RIGHT}})
    assert grade_all(subs, out, quiet=True) == 0
    (file,) = (out / "students").iterdir()
    assert json.loads(file.read_text())["student"] == long


def test_each_wrong_argument_is_one_error(subs: Path, out: Path) -> None:
    hand_in(subs, {"ada": {PY: RIGHT}})
    for wrong, words in (
        ({"jobs": 0}, "--jobs must be at least 1; it was 0"),
        ({"seed": -1}, "--seed must be from 0"),
        ({"names": ["twise"]}, "did you mean 90/02"),
    ):
        with pytest.raises(ArgumentError, match=words):
            grade_all(subs, out, quiet=True, **wrong)  # type: ignore[arg-type]
    for inside in (subs / "out", subs):
        with pytest.raises(ArgumentError, match="--out must lie outside of --submissions"):
            grade_all(subs, inside, quiet=True)
    (out.parent / "file").write_text("")
    with pytest.raises(KbkError, match="--out must be a folder that can be written"):
        grade_all(subs, out.parent / "file", quiet=True)


def test_a_submission_that_hangs_delays_nobody(
    subs: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KBK_GRADE_PATIENCE", "0.6")  # 3 s a case
    monkeypatch.setattr("kbk.grade.batch.schedule.SLOW", 0.2)
    others = {name: {PY: RIGHT + f"# {name}\n"} for name in ("bob", "cy", "dan")}
    hand_in(subs, {"ada": {PY: HANGS}, **others})
    order: list[str] = []
    keep, lock = Out.keep, threading.Lock()

    def watched(self: Out, key: str, result: dict[str, Any]) -> None:
        with lock:
            order.append(result["verdict"])
        keep(self, key, result)

    monkeypatch.setattr(Out, "keep", watched)
    assert grade_all(subs, out, jobs=1, quiet=True) == 0
    assert order == ["pass", "pass", "pass", "hang"]
    assert grades(out)[1] == ["ada", "0", "0", "0", "8", "yes"]
