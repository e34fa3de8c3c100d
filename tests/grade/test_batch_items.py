"""The item analysis names the mistakes made, who shares a text, and what an item tells."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kbk.grade import catalogue, mistakes
from kbk.grade.batch import grade_all, items, tables
from tests.grade.classes import hand_in

MUTANTS = Path(__file__).parents[1] / "mutants"
PREDICT = "00_setup/01_who_runs_what.py"
GUARD = "00_setup/02_guard.cu"


def mutant(path: str, name: str) -> str:
    file = Path(path)
    return (MUTANTS / file.with_suffix("") / f"{name}{file.suffix}").read_text()


def test_the_analysis_of_a_class_of_mutants_names_exactly_them(tmp_path: Path) -> None:
    predict, guard = catalogue.find("00/01"), catalogue.find("00/02")
    made = {name: n % 3 + 1 for n, name in enumerate(sorted(predict.mutants))}
    students: dict[str, Mapping[str, str]] = {
        f"{name} {n}": {PREDICT: mutant(PREDICT, name)}
        for name, count in made.items()
        for n in range(count)
    }
    for name in ("drops_nan", "one_thread"):
        students[name] = {GUARD: mutant(GUARD, name)}
    students["right"] = {each.path: catalogue.solution_text(each) for each in (predict, guard)}
    out = tmp_path / "out"
    names = ["00/01", "00/02"]
    assert grade_all(hand_in(tmp_path / "subs", students), out, names=names, quiet=True) == 0
    first, second = json.loads((out / "items.json").read_text())["exercises"]
    known = mistakes.known_as("00/01")
    assert {each["mistake"]: each["count"] for each in first["mistakes"]} == made
    assert all(each["text"] == known[each["mistake"]] for each in first["mistakes"])
    counts = [each["count"] for each in first["mistakes"]]
    assert counts == sorted(counts, reverse=True)
    assert first["mistakes"][0]["students"] == [
        each for each in sorted(students) if each.startswith(first["mistakes"][0]["mistake"])
    ]
    # One that is slow gives right values: nobody's wrong elements, so no mistake is named.
    assert [each["mistake"] for each in second["mistakes"]] == ["drops_nan"]
    assert second["verdicts"]["too-much-traffic"] == 1
    total = sum(made.values())
    assert (first["attempts"], first["passes"], first["missing"]) == (total + 1, 1, 2)
    assert first["pass_rate"] == round(1 / (total + 1), 4)
    assert {each["count"] for each in first["identical"]} == {2, 3}
    assert len(first["identical"]) == sum(count > 1 for count in made.values())
    stopped = {}
    for name, check in predict.mutants.items():
        stopped[check] = stopped.get(check, 0) + made[name]
    for check in first["checks"]:
        assert check["passed"] <= check["n"] - stopped.get(check["name"], 0)
    rows = list(csv.reader(io.StringIO((out / "items.csv").read_text())))
    assert [row[2] for row in rows if row[:2] == ["00/01", "mistake"]] == [
        each["mistake"] for each in first["mistakes"]
    ]


def student(name: str, *exercises: tuple[str, int, str], complete: bool = True) -> dict[str, Any]:
    """A record: verdict, points and text of each exercise, which has one check."""
    return {
        "student": name,
        "complete": complete,
        "earned": sum(points for _, points, _ in exercises),
        "exercises": [
            {
                "exercise": f"00/{n:02}",
                "title": "",
                "points": 4,
                "earned": points,
                "verdict": verdict,
                "sha256": text or None,
                "checks": [
                    {
                        "name": "the check",
                        "hidden": False,
                        "points": 4,
                        "earned": points,
                        "verdict": verdict if text and verdict != "not-attempted" else "not-run",
                        "mistake": "swaps" if verdict == "wrong-answer" else None,
                    }
                ],
            }
            for n, (verdict, points, text) in enumerate(exercises)
        ],
    }


CLASS = [
    student("a", ("pass", 4, "x"), ("pass", 4, "p")),
    student("b", ("pass", 4, "x"), ("wrong-answer", 2, "q")),
    student("c", ("wrong-answer", 1, "y"), ("wrong-answer", 0, "q")),
    student("d", ("not-attempted", 0, "s"), ("missing", 0, "")),
    student("e", ("cannot-grade", 0, "z"), ("pass", 4, "r"), complete=False),
]


def test_rates_and_means_are_of_those_who_tried_and_could_be_graded() -> None:
    found = items.analysis(CLASS, "t")
    assert (found["students"], found["complete"]) == (5, 4)
    first, second = found["exercises"]
    assert (first["attempts"], first["passes"], first["missing"]) == (3, 2, 0)
    assert first["pass_rate"] == 0.6667 and first["mean_points"] == 3.0
    assert first["verdicts"] == {
        "pass": 2,
        "cannot-grade": 1,
        "not-attempted": 1,
        "wrong-answer": 1,
    }
    assert first["checks"][0]["n"] == 3 and first["checks"][0]["passed"] == 2
    assert first["identical"] == [{"sha256": "x", "count": 2, "students": ["a", "b"]}]
    assert second["identical"][0]["students"] == ["b", "c"] and second["missing"] == 1
    assert second["mistakes"][0]["students"] == ["b", "c"]


def test_the_discrimination_is_the_point_biserial_correlation_with_the_rest() -> None:
    first = items.analysis(CLASS, "t")["exercises"][0]
    rest, passed = [4, 2, 0, 0], [1, 1, 0, 0]  # of a to d; e is not complete
    mean = [statistics.mean(r for r, p in zip(rest, passed, strict=True) if p == v) for v in (0, 1)]
    share = statistics.mean(passed)
    textbook = (mean[1] - mean[0]) / statistics.pstdev(rest) * (share * (1 - share)) ** 0.5
    assert first["discrimination"] == pytest.approx(textbook, abs=1e-4) and first["n"] == 4


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0, 1.0]])
def test_where_nothing_varies_there_is_no_correlation(values: list[float]) -> None:
    assert items.correlation(values, [float(n) for n in range(len(values))]) is None


def test_a_class_of_nobody_and_one_of_one_are_analysed() -> None:
    assert items.analysis([], "t")["exercises"] == []
    assert items.analysis(CLASS[3:4], "t")["exercises"][0]["pass_rate"] is None
    assert tables.grades([]) == "student,total,out of,complete\r\n"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "＝1"])
def test_a_name_is_no_formula_in_a_spreadsheet(name: str) -> None:
    mine = [{**CLASS[0], "student": name, "points": 8}]
    (_, row) = csv.reader(io.StringIO(tables.grades(mine), newline=""))
    assert row[0] == f"'{name}" and row[1:] == ["4", "4", "8", "8", "yes"]


def test_commas_and_quotes_in_names_stay_in_their_cell() -> None:
    mine = [{**CLASS[0], "student": 'Lovelace, "Ada"\nB', "points": 8}]
    assert tables.grades(mine).splitlines()[1].startswith('"Lovelace, ""Ada""')
    (_, row) = csv.reader(io.StringIO(tables.grades(mine), newline=""))
    assert row[0] == 'Lovelace, "Ada"\nB'
