"""A student sees of a hidden check its points and whether it passed, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kbk.grade import export
from kbk.grade.batch import grade_all, redacted
from tests.grade.classes import hand_in, record

SECRET = "secretly seven"
EXTRA = f'''
import torch
from kbk.grade import Ask, extend

EXERCISE = extend("00/01")

@EXERCISE.check("{SECRET}", points=3)
def seven(rng):
    yield Ask("linear", 41, 43, 47, (50, 50, 50), expect=987654)
'''


def secrets(student: dict[str, Any]) -> list[str]:
    """All that hidden checks say, as it stands in JSON."""
    found = []
    for exercise in student["exercises"]:
        for check in exercise["checks"]:
            if check["hidden"]:
                found += [check["name"], check["message"], check["diagnosis"], check["mistake"]]
                found += [each["text"] for each in check["excerpt"]]
    return [json.dumps(each)[1:-1] for each in found if each and each.strip()]


def check(name: str, verdict: str, hidden: bool, earned: int = 0) -> dict[str, Any]:
    return {
        "name": name,
        "verdict": verdict,
        "points": 2,
        "earned": earned,
        "gate": True,
        "hidden": hidden,
        "cases": 17,
        "passed": 16,
        "message": f"{name} says why",
        "line": 4242,
        "diagnosis": f"{name} looks like",
        "mistake": f"{name}_mutant",
        "excerpt": [{"line": 4242, "text": f"{name} is here"}],
        "new": f"{name} has a field that nobody knows yet",
    }


def student(*checks: dict[str, Any], verdict: str = "wrong-answer") -> dict[str, Any]:
    return {"exercises": [{"verdict": verdict, "checks": list(checks)}]}


def test_nothing_that_a_hidden_check_says_is_in_what_a_student_sees(tmp_path: Path) -> None:
    (tmp_path / "extra" / "00_setup").mkdir(parents=True)
    (tmp_path / "extra" / "00_setup" / "test_01_who_runs_what.py").write_text(EXTRA)
    file = tmp_path / "week.toml"
    file.write_text(
        'extra = "extra"\nhidden = ["00/02 every size"]\nexercises = ["00/01", "00/02"]'
    )
    root = Path(__file__).parents[2]
    predict = root / "solutions/00_setup/01_who_runs_what.py"
    guard = root / "tests/mutants/00_setup/02_guard/drops_nan.cu"
    files = {
        "00_setup/01_who_runs_what.py": predict.read_text(),
        "00_setup/02_guard.cu": guard.read_text(),
    }
    out = tmp_path / "out"
    subs = hand_in(tmp_path / "subs", {"ada": files})
    assert grade_all(subs, out, assignment=file, quiet=True) == 0
    mine = record(out, "ada")
    told = secrets(mine)
    assert SECRET in told and "every size" in told and "drops_nan" in told and len(told) >= 6
    shown = redacted(mine)
    schema = json.loads((Path(export.__file__).parent / "schemas/student.schema.json").read_text())
    jsonschema.validate(shown, schema, jsonschema.Draft202012Validator)
    text = json.dumps(shown)
    assert [each for each in told if each in text] == []
    assert [each["verdict"] for each in shown["exercises"]] == ["did not pass", "did not pass"]
    assert shown["earned"] == mine["earned"] and shown["points"] == mine["points"]
    last = shown["exercises"][0]["checks"][-1]
    assert (last["name"], last["points"], last["earned"]) == ("hidden check 1", 3, 0)
    assert record(out, "ada") == mine  # the record itself is not changed


def test_only_the_result_and_the_points_of_a_hidden_check_are_left() -> None:
    mine = student(
        check("a", "pass", False, 2), check("b", "race", True), check("c", "pass", True, 2)
    )
    (exercise,) = redacted(mine)["exercises"]
    first, second, third = exercise["checks"]
    assert first == mine["exercises"][0]["checks"][0]
    assert (second["name"], second["verdict"], second["earned"]) == (
        "hidden check 1",
        "did not pass",
        0,
    )
    assert (third["name"], third["verdict"], third["earned"]) == ("hidden check 2", "passed", 2)
    for each in (second, third):
        kept = {"name", "verdict", "points", "earned", "hidden"}
        assert not any(value for key, value in each.items() if key not in kept)
    assert "new" not in second and "4242" not in json.dumps([second, third])


@pytest.mark.parametrize(
    ("checks", "verdict", "shown"),
    [
        ([("a", "pass", False), ("b", "race", True)], "race", "did not pass"),
        ([("b", "race", True), ("a", "hang", False)], "race", "hang"),
        ([("b", "race", True), ("a", "not-run", False)], "race", "did not pass"),
        ([("a", "pass", False), ("b", "pass", True)], "pass", "pass"),
        ([("b", "not-run", True)], "missing", "missing"),
        ([("b", "not-run", True)], "not-attempted", "not-attempted"),
        ([("b", "cannot-grade", True)], "cannot-grade", "cannot-grade"),
    ],
)
def test_the_verdict_of_an_exercise_comes_from_what_can_be_seen(
    checks: list[tuple[str, str, bool]], verdict: str, shown: str
) -> None:
    mine = student(*(check(*each) for each in checks), verdict=verdict)
    assert redacted(mine)["exercises"][0]["verdict"] == shown
