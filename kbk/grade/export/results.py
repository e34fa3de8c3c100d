"""Gradescope's results.json from a student's record: every check a test, hidden ones hidden."""

from __future__ import annotations

from typing import Any

from kbk.grade.export import marks, told
from kbk.grade.export.clean import clean, line

NOT_GRADED = (
    "Your submission could not be graded, for a reason that is not in it. This is no score. "
    "Tell your instructor, who finds the reason below; then submit again."
)


def results(student: dict[str, Any]) -> dict[str, Any]:
    """The document of a graded submission.

    Args:
        student: the record with everything. Tests of hidden checks have the visibility
            ``hidden``: their names and messages are for instructors alone.
    """
    tests: list[dict[str, Any]] = []
    for number, exercise in enumerate(student["exercises"], 1):
        tests += _tests(exercise, number)
    reasons = [check["message"] for check in _ungraded(student) if check["message"]]
    if reasons:
        tests.append(_why("\n\n".join(reasons), len(student["exercises"]) + 1))
    return {
        "score": student["earned"] if student["complete"] else 0,
        "execution_time": round(sum(float(each["seconds"]) for each in student["exercises"]), 3),
        "output": _summary(student),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def failed(reason: str) -> dict[str, Any]:
    """The document of a submission that was not graded: no points; a hidden test says why.

    Args:
        reason: for the instructor.
    """
    return {
        "score": 0,
        "output": NOT_GRADED,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_why(reason, 1)],
    }


def _why(reason: str, number: int) -> dict[str, Any]:
    """A test of no points that only instructors see: a reason may come from a hidden check."""
    facts = {"earned": 0, "points": 0, "verdict": "cannot-grade"}
    return _test("Why it was not graded", f"{number}.1", facts, clean(reason), "hidden")


def _ungraded(student: dict[str, Any]) -> list[dict[str, Any]]:
    checks = [check for each in student["exercises"] for check in each["checks"]]
    return [check for check in checks if check["verdict"] == "cannot-grade"]


def _summary(student: dict[str, Any]) -> str:
    rows = [] if student["complete"] else [NOT_GRADED, ""]
    rows += [f"Your submission: {clean(each)}" for each in student["submission"]["problems"]]
    rows.append(f"{student['earned']} of {student['points']} points.")
    count = sum(bool(check["hidden"]) for each in student["exercises"] for check in each["checks"])
    if count:
        rows.append(f"Hidden checks, which count and are not shown: {count}.")
    return "\n".join(rows)


def _tests(exercise: dict[str, Any], number: int) -> list[dict[str, Any]]:
    name = f"{exercise['exercise']} {line(exercise['title'])}"
    absent = marks.ABSENT.get(exercise["verdict"], "").format(path=exercise["path"])
    return [
        _test(
            f"{name}: {line(check['name'])}",
            f"{number}.{place}",
            check,
            absent or _told(check, exercise["path"]),
            "hidden" if check["hidden"] else "visible",
        )
        for place, check in enumerate(exercise["checks"], 1)
    ]


def _told(check: dict[str, Any], path: str) -> str:
    if check["verdict"] == "cannot-grade":
        return "This could not be graded, for a reason that is not in your submission."
    return told.of_check(check, path)


def _test(
    name: str, number: str, facts: dict[str, Any], output: str, visibility: str
) -> dict[str, Any]:
    return {
        "name": name,
        "number": number,
        "score": facts["earned"],
        "max_score": facts["points"],
        "status": "passed" if facts["verdict"] == "pass" else "failed",
        "output": output,
        "output_format": "text",
        "visibility": visibility,
    }
