"""Grading as pytest sees it: each check of an exercise is a test.

``pytest tests/exercises`` grades the learner's tree, ``--tree solutions`` another one. Every grader
file imports this module, also where there is no pytest, so pytest is imported when a test runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kbk import paths
from kbk.grade import catalogue, learner
from kbk.grade.exercise import Exercise
from kbk.grade.grader import grade
from kbk.grade.report import Report

TREES = ("exercises", "solutions", "stubs")
_reports: dict[tuple[str, str, str], Report] = {}


def root_of(tree: str) -> Path:
    """The folder that ``--tree`` names."""
    folders = {"exercises": learner.tree(), "solutions": paths.SOLUTIONS, "stubs": paths.STUBS}
    return folders.get(tree) or Path(tree)


def report_of(exercise: Exercise, tree: str, machine: str = "cpu") -> Report:
    """Grade an exercise of a tree, once a session."""
    import pytest

    key = (exercise.id, tree, machine)
    if key not in _reports:
        file = root_of(tree) / exercise.path
        if not file.exists():
            pytest.fail(f"{file} does not exist; `kbk reset {exercise.id}` makes it", pytrace=False)
        _reports[key] = grade(exercise, file.read_text(), machine=machine)
    return _reports[key]


def generate(metafunc: Any) -> None:
    """Make a test of each check (called from tests/exercises/conftest.py)."""
    import pytest

    if metafunc.function is not test_check:
        return
    exercise = metafunc.module.EXERCISE.bind(Path(metafunc.module.__file__))
    params = [pytest.param(exercise, c.name, id=c.name.replace(" ", "-")) for c in exercise.checks]
    metafunc.parametrize(("exercise", "check"), params)


def test_check(exercise: Exercise, check: str, tree: str) -> None:
    """The submission passes the check; else the report is shown."""
    import pytest

    report = report_of(exercise, tree)
    result = next(each for each in report.checks if each.name == check)
    if result.verdict == "cannot-grade":
        pytest.fail(result.message, pytrace=False)
    if result.ok:
        return
    attempted = (root_of(tree) / exercise.path).read_text() != catalogue.stub_text(exercise)
    note = "" if attempted else "\nnot-attempted: the file is as it came"
    pytest.fail(f"{check}: {result.verdict}{note}\n\n{report}", pytrace=False)
