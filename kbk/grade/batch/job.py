"""Grades one text for a class: the result as plain data, which says nothing of any student."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from kbk.errors import KbkError
from kbk.grade import catalogue, mistakes
from kbk.grade.details import has_details
from kbk.grade.exercise import Exercise
from kbk.grade.grader import grade
from kbk.grade.learner import same_text
from kbk.grade.report import CheckResult, Report

CANNOT = "cannot-grade"
_AROUND = 2
"""Lines of the source before and after the one at fault."""
_WIDEST = 200


def result_of(
    exercise: Exercise, text: str, seed: int, apart: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Grade a text. It never raises for what is in it, nor for what this machine lacks.

    Args:
        exercise: with the further checks.
        text: what was handed in.
        seed: of the random inputs.
        apart: names of checks of which the others may tell nothing (kbk.grade.grader.grade).

    Returns:
        verdict, points, earned, checks, seconds, isolation and when. With the verdict
        ``cannot-grade`` in it or in one of its checks it is no result (`is_final`).
    """
    if _is_stub(exercise, text):
        return _without_a_run(exercise, "not-attempted")
    begin = time.monotonic()
    try:
        report = grade(exercise, text, seed=seed, apart=apart)
    except Exception as error:  # a disk, a memory, a further check that fails by itself
        reason = str(error) if isinstance(error, KbkError) else f"{type(error).__name__}: {error}"
        return cannot(exercise, reason)
    found = _mistakes(exercise, report)
    checks = [
        _check(each, report, found if each is report.failed else mistakes.Alike())
        for each in report.checks
    ]
    lost = any(each.verdict == CANNOT for each in report.checks)
    return {
        "verdict": CANNOT if lost else report.verdict,
        "points": report.points,
        "earned": 0 if lost else report.earned,
        "checks": checks,
        "seconds": round(time.monotonic() - begin, 3),
        "isolation": report.isolation,
        "when": now(),
    }


def is_final(result: dict[str, Any]) -> bool:
    """Whether a result is one: nothing of it is missing for a reason that lies here."""
    return result["verdict"] != CANNOT


def cannot(exercise: Exercise, reason: str) -> dict[str, Any]:
    """What stands in the place of a result that there is none of."""
    result = _without_a_run(exercise, CANNOT)
    result["checks"][0] |= {"verdict": CANNOT, "message": reason}
    return result


def missing(exercise: Exercise) -> dict[str, Any]:
    """The result where nothing was handed in."""
    return _without_a_run(exercise, "missing")


def now() -> str:
    """The time, in UTC, by ISO 8601."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_stub(exercise: Exercise, text: str) -> bool:
    try:
        return same_text(text, catalogue.stub_text(exercise))
    except OSError:
        return False


def _without_a_run(exercise: Exercise, verdict: str) -> dict[str, Any]:
    checks = [
        _facts(CheckResult(each.name, "not-run", each.points, 0, each.gate))
        for each in exercise.checks
    ]
    points = sum(each.points for each in exercise.checks)
    return {
        "verdict": verdict,
        "points": points,
        "earned": 0,
        "checks": checks,
        "seconds": 0.0,
        "isolation": "",
        "when": now(),
    }


def _mistakes(exercise: Exercise, report: Report) -> mistakes.Alike:
    """Known mistakes that fail as the first check did: one run more, of what is built."""
    failed = report.failed
    if failed is None or not has_details(report):
        return mistakes.Alike()
    check = next(each for each in exercise.checks if each.name == failed.name)
    try:
        return mistakes.same(exercise, report.source, check)
    except Exception:  # a detail; the verdict stands without it
        return mistakes.Alike()


def _check(result: CheckResult, report: Report, found: mistakes.Alike) -> dict[str, Any]:
    facts = _facts(result)
    facts["diagnosis"] = found.sentence
    facts["mistake"] = found.name
    facts["excerpt"] = _excerpt(report.source.splitlines(), result.line)
    return facts


def _facts(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "verdict": result.verdict,
        "points": result.points,
        "earned": result.earned,
        "gate": result.gate,
        "cases": result.cases,
        "passed": result.passed,
        "message": result.message,
        "line": result.line,
        "diagnosis": result.diagnosis,
        "mistake": None,
        "excerpt": [],
    }


def _excerpt(lines: Sequence[str], line: int | None) -> list[dict[str, Any]]:
    if line is None or not 1 <= line <= len(lines):
        return []
    first, last = max(line - _AROUND, 1), min(line + _AROUND, len(lines))
    return [{"line": at, "text": lines[at - 1][:_WIDEST]} for at in range(first, last + 1)]
