"""What a student may see: of a hidden check its points and whether it passed, and nothing else.

Every output for students is made from what `redacted` returns (kbk.grade.export).
"""

from __future__ import annotations

import copy
from typing import Any

_KEPT = ("missing", "not-attempted", "cannot-grade")
"""Verdicts on an exercise that come from no check of a submission."""


def redacted(student: dict[str, Any]) -> dict[str, Any]:
    """A student's record without what a hidden check would tell. It keeps the schema.

    A hidden check is called "hidden check 1" and so on. Its verdict is "passed", "did not pass" or
    "cannot-grade"; it has no cases, message, line, excerpt, diagnosis or mistake. The verdict of
    the exercise is then that of the first visible check that failed, or "did not pass".
    """
    shown = copy.deepcopy(student)
    for exercise in shown["exercises"]:
        exercise["checks"] = _checks(exercise["checks"])
        if exercise["verdict"] not in _KEPT:
            exercise["verdict"] = _verdict(exercise["checks"])
    return shown


def _checks(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found, number = [], 0
    for check in checks:
        number += check["hidden"]
        found.append(_hidden(check, number) if check["hidden"] else _open(check))
    return found


def _open(check: dict[str, Any]) -> dict[str, Any]:
    """Why one could not be graded is for instructors: a hidden check may have failed by itself."""
    if check["verdict"] != "cannot-grade":
        return check
    return {**check, "message": "", "line": None, "diagnosis": "", "mistake": None, "excerpt": []}


def _hidden(check: dict[str, Any], number: int) -> dict[str, Any]:
    """All that is shown is named here: a field that is new stays hidden."""
    verdict = {"pass": "passed", "cannot-grade": "cannot-grade"}.get(
        check["verdict"], "did not pass"
    )
    return {
        "name": f"hidden check {number}",
        "verdict": verdict,
        "points": check["points"],
        "earned": check["earned"],
        "gate": False,
        "hidden": True,
        "cases": 0,
        "passed": 0,
        "message": "",
        "line": None,
        "diagnosis": "",
        "mistake": None,
        "excerpt": [],
    }


def _verdict(checks: list[dict[str, Any]]) -> str:
    """By the visible checks; one that did not run says nothing of its own."""
    failed = [each["verdict"] for each in checks if each["verdict"] not in ("pass", "passed")]
    telling = [each for each in failed if each not in ("did not pass", "not-run")]
    if telling:
        return str(telling[0])
    return "did not pass" if failed else "pass"
