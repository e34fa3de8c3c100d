"""What a verdict says beyond the values: who wrote them, at which line, and which mistake it is."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from kbk import paths
from kbk.errors import KbkError
from kbk.grade import (
    Case,
    Exercise,
    Read,
    Report,
    Update,
    catalogue,
    details,
    grade,
    mistakes,
)
from kbk.grade.authoring import texts
from kbk.grade.compare import Worst
from kbk.grade.details import detailed, has_details
from kbk.grade.show import as_text, worst_table
from kbk.grade.writers import answer
from tests.grade.conftest import SCALE


def told(exercise: Exercise, source: str, seed: int = 1) -> Report:
    return detailed(exercise, grade(exercise, source, seed=seed))


def test_a_wrong_value_says_which_thread_wrote_it_at_which_line(scale: Exercise) -> None:
    report = told(scale, SCALE.replace("a * x[i]", "a * x[i] + (i == 7 ? 1 : 0)"))
    (row,) = report.failed.worst
    assert row.element == "out[7]" and row.writer == "block 0, thread 7, line 4"
    assert float(row.error) == 1 and 0 < float(row.allowed) < 1e-5
    shown = as_text(report, 80)
    assert re.search(r"element +expected +got +\|error\| +allowed", shown)
    assert "block 0, thread 7, line 4" in shown and "-->    4 |" in shown
    page = report._repr_html_()
    assert "<td>out[7]</td>" in page and "<td>block 0, thread 7, line 4</td>" in page
    assert page.count("out[7]") == 1 and "--&gt;    4 |" in page


def test_the_last_of_several_writers_is_named(scale: Exercise) -> None:
    twice = SCALE.replace("out[i] = a * x[i]", "{ out[i] = 1;\n out[i] = 2; }")
    report = told(scale, twice)
    assert report.failed.worst[0].writer == "block 0, thread 0, line 5 (last of 2)"


def test_an_element_that_no_thread_wrote_was_written_by_nobody(scale: Exercise) -> None:
    exercise = Exercise(
        title="Add", kind="fill", stars=1, minutes=5, points=1, functions=("scale",), task="Add.",
        hints=("one two three four five",) * 3, stub=("sum", "wrong-answer"), mutants={},
    ).bind(Path("/nowhere/90_tests/test_03_add.py"))  # fmt: skip

    @exercise.check("sum", points=1)
    def _sum(rng: random.Random) -> Iterator[Case]:
        out, x = torch.ones(8), torch.arange(8.0)
        yield Case("scale", Update(out, "out"), Read(x, "x"), 2.0, expect=lambda: 2 * x.double())

    report = told(exercise, SCALE.replace("i < n", "i < n - 1"))
    assert [(row.element, row.writer) for row in report.failed.worst] == [("out[7]", "nobody")]


def test_a_submission_that_passes_pays_for_no_details(scale: Exercise) -> None:
    report = grade(scale, SCALE, seed=1)
    assert not has_details(report) and detailed(scale, report) is report


def test_a_warning_of_the_checkers_is_a_note_of_what_passes() -> None:
    exercise = catalogue.find("00/02")
    text = catalogue.solution_text(exercise)
    assert grade(exercise, text, seed=1).notes == ()
    inside = text.replace("if (i < n) out[i]", "if (i < n) __syncthreads();\n  if (i < n) out[i]")
    report = grade(exercise, inside, seed=1)
    assert report.ok and report.earned == 5
    (note,) = report.notes
    assert "in 02_guard.cu:16" in note and "threads were done before this barrier" in note
    for shown in (as_text(report, 80), report._repr_html_()):
        assert "a warning, which costs no points:" in shown and "at scale_kernel(float*" in shown
    assert max(map(len, as_text(report, 80).splitlines())) <= 80
    assert report.as_dict()["notes"] == (note,)
    assert grade(exercise, inside.replace("a * x[i]", "a"), seed=1).notes == ()


def test_a_detail_that_takes_too_long_is_left_out(scale: Exercise, monkeypatch) -> None:
    report = grade(scale, SCALE.replace("a * x[i]", "3 * x[i]"), seed=1)
    monkeypatch.setattr(mistakes, "diagnosis", lambda *_: time.sleep(30))
    begin = time.monotonic()
    late = detailed(scale, report, 4.0)
    assert time.monotonic() - begin < 8 and late.failed.diagnosis == ""
    assert late.failed.worst[0].writer.startswith("block")


def test_a_detail_that_fails_leaves_the_verdict(scale: Exercise, monkeypatch) -> None:
    report = grade(scale, SCALE.replace("a * x[i]", "3 * x[i]"), seed=1)

    def broken(*_: object, **__: object) -> None:
        raise KbkError("no disk")

    monkeypatch.setattr(details, "again", broken)
    monkeypatch.setattr(mistakes, "again", broken)
    assert detailed(scale, report).checks == report.checks


def test_a_worker_that_tells_nonsense_of_writers_is_not_believed() -> None:
    right = {"block": 5, "thread": 37, "grid": [4, 2, 1], "size": [32, 4, 1], "writes": 2}
    assert answer({**right, "line": 9}).text == "block (1, 1), thread (5, 1), line 9 (last of 2)"
    assert answer(right).line is None and answer(None).text == "nobody"
    for wrong in (
        {"block": -1}, {"thread": "x"}, {"grid": [0, 1, 1]}, {"size": 3}, {"writes": None},
        {"unknown": True}, {"block": True},
    ):  # fmt: skip
        assert answer({**right, **wrong}).text == "", wrong
    assert answer([1]).text == "" and answer({**right, "line": "4"}).line is None


def test_the_table_fits_wide_and_narrow_terminals() -> None:
    rows = [Worst("out[7]", "-1.25000001", "3", "4.2", "1e-07", writer="block 0, thread 7, line 4")]
    assert len(worst_table(rows)) == 2
    for width in (30, 40, 60, 80):
        lines = worst_table(rows, width)
        assert max(map(len, lines)) <= width and "thread 7, line 4" in " ".join(
            " ".join(lines).split()
        )
    assert worst_table([]) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("if (i < n && i < 256) out[i] = x[i] * a;", "the guard compares the element with the"),
        ("if (i + 1 < n) { out[i] = a * x[i]; }", "the guard leaves out the last element."),
        ("if (i < n) { if (!isnan(x[i])) out[i] = a * x[i]; }", "elements that are NaN are left"),
        ("if (i < n) out[i] = a * x[i] + 3;", ""),
        ("if (i < n) out[i] = a * x[n - 1 - i];", ""),
    ],
)
def test_a_known_mistake_in_other_words_is_recognised(line: str, says: str) -> None:
    exercise = catalogue.find("00/02")
    text = catalogue.solution_text(exercise).replace("if (i < n) out[i] = a * x[i];", line)
    report = grade(exercise, text)
    check = next(each for each in exercise.checks if each.name == report.failed.name)
    found = mistakes.diagnosis(exercise, text, check)
    assert says in found and bool(found) == bool(says)


def test_mistakes_that_fail_alike_are_all_named_and_none_is_said_to_be_it() -> None:
    exercise = catalogue.find("00/02")
    text = catalogue.solution_text(exercise).replace("if (i < n) out[i]", "out[i]")
    alike = mistakes.same(exercise, text, exercise.checks[0])
    assert alike.name == "less_or_equal or no_guard" and not alike.sure
    assert alike.sentence.startswith("It may be one of: <= lets one thread too many through. Or: ")
    assert "in just this way" not in alike.sentence
    told = mistakes.text_of("00/02", alike.name)
    assert told.startswith("may be one of: <= lets one") and "nothing keeps the threads" in told


def test_the_same_verdicts_alone_are_told_as_that() -> None:
    exercise = catalogue.find("00/02")
    text = catalogue.solution_text(exercise).replace("if (n == 0) return;", "")
    check = next(each for each in exercise.checks if each.name == "no elements")
    alike = mistakes.same(exercise, text, check)
    assert alike.name == "empty_grid or another" and not alike.sure
    assert alike.sentence.startswith("It may be a known mistake, which has the same verdicts: ")
    assert mistakes.text_of("00/02", alike.name).endswith(" Or: something else.")


def test_of_many_mistakes_that_fail_alike_three_are_named() -> None:
    alike = mistakes.Alike({name: f"{name}." for name in "abcde"})
    assert alike.sentence == "It may be one of: a. Or: b. Or: c. Or one of 2 more."
    assert alike.name == "a or b or c or d or e" and mistakes.Alike().name is None
    assert mistakes.Alike({"a": "a."}).name == "a"


def test_a_wrong_prediction_is_recognised_too() -> None:
    exercise = catalogue.find("00/01")
    text = catalogue.solution_text(exercise).replace(
        "return tx + dims[0] * (ty + dims[1] * tz)", "return ty * dims[0] + tx"
    )
    report = told(exercise, text)
    assert "threads along z are not counted" in report.failed.diagnosis
    assert report.failed.diagnosis in as_text(report)


def test_every_mutant_says_its_mistake_and_every_fingerprint_is_of_these_texts() -> None:
    assert paths.MUTANTS is not None
    known = mistakes._known()
    for exercise in catalogue.all():
        assert mistakes.is_fresh(exercise), f"{exercise.id}: run `python -m kbk.grade.mistakes`"
        folder = paths.MUTANTS / exercise.topic / exercise.stem
        for name in exercise.mutants:
            text = (folder / f"{name}{exercise.suffix}").read_text()
            assert mistakes.mistake_of(text).endswith("."), f"{exercise.id} {name}"
        assert known[exercise.id]["mistakes"], exercise


def test_author_check_asks_for_the_mistake_of_a_mutant_and_for_fresh_fingerprints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise = catalogue.find("00/02")
    folder = tmp_path / exercise.topic / exercise.stem
    shutil.copytree(paths.MUTANTS / exercise.topic / exercise.stem, folder)
    monkeypatch.setattr(paths, "MUTANTS", tmp_path)

    def broken() -> str:
        return "\n".join(each for rule in texts.RULES for each in rule.check(exercise))

    assert broken() == ""
    mutant = folder / "no_guard.cu"
    mutant.write_text(mutant.read_text().split("\n", 2)[2])
    said = broken()
    assert "no_guard.cu must say in its first line what is wrong" in said
    assert "python -m kbk.grade.mistakes" in said
