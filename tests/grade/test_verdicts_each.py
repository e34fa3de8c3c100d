"""Every verdict, from a small file that earns it, and says where and in which words."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from kbk.errors import ArgumentError
from kbk.grade import Case, Exercise, Gate, Read, Write, checked, grade, learner, values
from kbk.grade.details import detailed
from kbk.grade.process import Limits
from kbk.grade.report import VERDICTS, Report
from tests.grade.conftest import SCALE

FOLDER = Path(__file__).parent / "verdicts"
FILES = sorted(FOLDER.glob("*.cu"))
ELSEWHERE = {"not-attempted", "not-run", "cannot-grade"}
"""Verdicts that no text of a submission earns: see below, and test_verdicts.py."""


def expected(x: torch.Tensor) -> torch.Tensor:
    left = torch.zeros_like(x, dtype=torch.float64)
    left[1:] = x[:-1].double()
    left[::64] = 0
    return x.double() + left


def case(rng: random.Random, n: int, at: int = 0, gates: tuple[Gate, ...] = ()) -> Case:
    x = values.uniform(rng, at + n)[at:]
    return Case(
        "neighbours", Write(torch.empty(n), "out"), Read(x, "x"), label=f"n = {n}, from {at}",
        expect=lambda: expected(x), tol=values.tolerance(torch.float32), gates=gates,
    )  # fmt: skip


def neighbours(sanitize: bool = True) -> Exercise:
    """Each element and the one before it, in blocks of 64."""
    exercise = Exercise(
        title="Neighbours", kind="fill", stars=1, minutes=5, points=6, functions=("neighbours",),
        task="Add neighbours.", hints=("one two three four five",) * 3,
        stub=("one block", "race"), mutants={},
    )  # fmt: skip

    @exercise.check("one block", points=0, sanitize=sanitize)
    def one_block(rng: random.Random) -> Iterator[Case]:
        yield case(rng, 64)

    @exercise.check("sizes", points=3, sanitize=True)
    def sizes(rng: random.Random) -> Iterator[Case]:
        for n in (1, 100, 1000):
            yield case(rng, n, n % 3)

    @exercise.check("cost", points=3, gate=True)
    def cost(rng: random.Random) -> Iterator[Case]:
        yield case(rng, 1024, gates=(Gate("excess_sectors", target=0, baseline=1000),))

    return exercise.bind(Path("/nowhere/90_tests/test_03_neighbours.py"))


def header(text: str, word: str) -> str:
    found = re.search(rf"^// {word}: (.*)$", text, re.M)
    return found[1].strip() if found else ""


def line_of(text: str) -> int | None:
    """The line that is marked, if one is."""
    rows = [n for n, row in enumerate(text.splitlines(), 1) if row.endswith("// here")]
    return rows[0] if rows else None


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBK_GRADE_PATIENCE", "0.3")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_earns_its_verdict_at_its_line_in_telling_words(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = file.read_text()
    if file.stem == "compile_timeout":
        monkeypatch.setattr(Limits, "here", staticmethod(lambda: Limits(build=3.0, case=1.5)))
    report = detailed(neighbours(), grade(neighbours(), text, seed=1))
    assert report.verdict == header(text, "verdict"), report
    assert report.ok or (report.failed and header(text, "says") in str(report)), report
    assert line_of(text) is None or report.failed.line == line_of(text), report
    assert report.ok or report.earned < report.points


def test_every_verdict_has_a_file() -> None:
    found = {header(file.read_text(), "verdict") for file in FILES}
    assert found == set(VERDICTS) - ELSEWHERE


def test_an_unedited_stub_is_not_attempted(tree: Path, scale: Exercise) -> None:
    learner.reset(scale)
    assert learner.check(scale).verdict == "not-attempted"


RACE = (FOLDER / "race.cu").read_text()


def test_a_race_that_is_right_by_luck_fails_and_names_both_lines_and_both_threads() -> None:
    exercise = neighbours(sanitize=False)
    lucky = grade(exercise, RACE, seed=1, only=["one block"])
    assert lucky.ok, "it is not right by luck: this test proves nothing"
    report = grade(neighbours(), RACE, seed=1, only=["one block"])
    assert report.verdict == "race"
    store = RACE[: RACE.index("tile[t] =")].count("\n") + 1
    for words in (f"03_neighbours.cu:{line_of(RACE)}", f"03_neighbours.cu:{store}", "tile[t] = i"):
        assert words in report.failed.message, report
    assert len(set(re.findall(r"by thread \((\d+),0,0\)", report.failed.message))) == 2
    assert not report.failed.worst


def test_a_race_that_gives_wrong_values_is_told_as_the_race_with_the_values() -> None:
    text = RACE.replace("t > 0 ? tile[t - 1] : 0.0f", "t > 0 ? tile[(t + 63) % 64] : tile[63] * 0")
    text = text.replace("tile[t] +", "tile[63 - t] * 0 + tile[t] +")
    report = grade(neighbours(), text, seed=1)
    assert report.verdict == "race" and report.failed.worst, report


def test_a_race_in_what_is_about_cost_fails_there(monkeypatch: pytest.MonkeyPatch) -> None:
    only_large = (
        (FOLDER / "pass.cu")
        .read_text()
        .replace("  __syncthreads();", "  if (n < 1024) __syncthreads();")
    )
    report = grade(neighbours(), only_large, seed=1)
    assert [each.verdict for each in report.checks] == ["pass", "pass", "race"], report
    assert report.earned == 3


def test_every_check_has_a_case_under_the_checkers_and_large_ones_are_left_out() -> None:
    rng = random.Random(1)
    cases = [[case(rng, 5000), case(rng, 100), case(rng, 1 << 18)], [case(rng, 60_000)]]
    assert checked.chosen(cases) == [{0, 1}, {0}]
    many = [[case(rng, 100_000) for _ in range(9)], [case(rng, 110_000)]]
    assert [len(each) for each in checked.chosen(many)] == [5, 1]


def test_points_for_what_is_not_checked_are_refused() -> None:
    exercise = neighbours()
    with pytest.raises(ArgumentError, match="must be worth 0 points"):
        exercise.check("luck", points=1, sanitize=False)


def test_findings_that_are_not_told_are_not_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked.fault({}) is not None and checked.fault({"findings": []}) is None


def test_the_report_says_what_everything_was_worth_where_nothing_could_be_traced(
    scale: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail closed: without the traced run a right answer does not pass."""
    monkeypatch.setattr("kbk.grade.checked.fault", lambda facts: checked.Fault("crash", "no facts"))
    report: Report = grade(scale, SCALE, seed=1)
    assert not report.ok and report.earned < report.points


def test_a_hang_later_on_does_not_hide_a_race_before_it() -> None:
    text = RACE.replace("  tile[t] = i", "  while (n == 1000 && t == 3) ;\n  tile[t] = i")
    report = grade(neighbours(), text, seed=1)
    assert [each.verdict for each in report.checks[:2]] == ["race", "race"], report
    assert report.earned == 0
    text = (FOLDER / "pass.cu").read_text()
    text = text.replace("  tile[t] = i", "  while (n == 1000 && t == 3) ;\n  tile[t] = i")
    report = grade(neighbours(), text, seed=1)
    assert [each.verdict for each in report.checks] == ["pass", "hang", "not-run"], report
