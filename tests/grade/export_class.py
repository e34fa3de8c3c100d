"""A class for the tests of the exports: five students, made by hand, with texts that bite."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

HIDDEN = "written once, SECRET-NAME"
HIDDEN_MESSAGE = "SECRET-MESSAGE: the input was 4097 elements"
BITES = '<script>alert(1)</script> \x1b[31mred\x1b[0m "quoted" \u202e \x07 </pre>&amp;'
"""What a learner's message and source may hold."""

_CHECK: dict[str, Any] = {
    "name": "every size",
    "verdict": "pass",
    "points": 3,
    "earned": 3,
    "gate": False,
    "hidden": False,
    "cases": 9,
    "passed": 9,
    "message": "",
    "line": None,
    "diagnosis": "",
    "mistake": None,
    "excerpt": [],
}


def check(**facts: Any) -> dict[str, Any]:
    """A check that passed, but for what is said."""
    return {**copy.deepcopy(_CHECK), **facts}


def exercise(verdict: str, *checks: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """The guard, with these checks."""
    return {
        "exercise": "00/02",
        "title": "The guard",
        "path": "00_setup/02_guard.cu",
        "points": sum(each["points"] for each in checks),
        "earned": sum(each["earned"] for each in checks),
        "verdict": verdict,
        "sha256": "0" * 64,
        "seconds": 1.25,
        "checks": list(checks),
        **facts,
    }


def student(name: str, *exercises: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A student's record."""
    return {
        "schema": "kbk.grade.student/1",
        "student": name,
        "title": "Week 1",
        "graded": "2026-11-27T05:00:00Z",
        "kbk": {"version": "0.1", "digest": "abc"},
        "machine": "cpu",
        "seed": 7,
        "isolation": "limits and a watchdog",
        "points": sum(each["points"] for each in exercises),
        "earned": sum(each["earned"] for each in exercises),
        "complete": True,
        "submission": {"source": name, "problems": [], "files": []},
        "exercises": list(exercises),
        **facts,
    }


def right() -> dict[str, Any]:
    """Everything passed, the hidden check too."""
    return student(
        "ada", exercise("pass", check(), check(name=HIDDEN, hidden=True, points=2, earned=2))
    )


def wrong() -> dict[str, Any]:
    """A check failed, with evidence that is not harmless; the others did not run."""
    failed = check(
        verdict="out-of-bounds",
        earned=0,
        passed=3,
        message=BITES,
        line=12,
        diagnosis="A known mistake fails in just this way: no guard.",
        mistake="no_guard",
        excerpt=[{"line": 11, "text": "  int i = 0;"}, {"line": 12, "text": f"  out[i] = {BITES}"}],
    )
    other = check(name=HIDDEN, hidden=True, points=2, earned=0, verdict="not-run", passed=0)
    bad = {"source": "grace.zip", "problems": [BITES], "files": []}
    return student("grace", exercise("out-of-bounds", failed, other), submission=bad)


def hidden_wrong() -> dict[str, Any]:
    """Only the hidden check failed."""
    failed = check(
        name=HIDDEN,
        hidden=True,
        points=2,
        earned=0,
        verdict="wrong-answer",
        message=HIDDEN_MESSAGE,
        line=12,
        diagnosis="SECRET-DIAGNOSIS",
        mistake="secret_mistake",
        excerpt=[{"line": 12, "text": "SECRET-SOURCE"}],
    )
    return student("=lin", exercise("wrong-answer", check(), failed))


def absent() -> dict[str, Any]:
    """Nothing was handed in."""
    none = {"verdict": "not-run", "earned": 0, "passed": 0}
    checks = (check(**none), check(name=HIDDEN, hidden=True, **none))
    return student("bob & co", exercise("missing", *checks, sha256=None, seconds=0.0))


def ungraded() -> dict[str, Any]:
    """The grader could not grade it."""
    lost = check(verdict="cannot-grade", earned=0, passed=0, message="no compiler: SECRET-REASON")
    return student("zoe", exercise("cannot-grade", lost), complete=False)


def everybody() -> list[dict[str, Any]]:
    """The class."""
    return [right(), wrong(), hidden_wrong(), absent(), ungraded()]


def items() -> dict[str, Any]:
    """Its item analysis."""
    counts = {"points": 3, "n": 3, "passed": 2, "pass_rate": 2 / 3, "mean_points": 2.0}
    one = {
        "exercise": "00/02",
        "title": "The guard",
        "points": 5,
        "students": 5,
        "missing": 1,
        "attempts": 3,
        "passes": 1,
        "pass_rate": 1 / 3,
        "mean_points": 2.67,
        "verdicts": {"pass": 1, "out-of-bounds": 1, "wrong-answer": 1, "missing": 1},
        "checks": [
            {"name": "every size", "hidden": False, **counts},
            {"name": HIDDEN, "hidden": True, **counts},
        ],
        "mistakes": [
            {"mistake": "no_guard", "text": "no guard.", "count": 1, "students": ["grace"]}
        ],
        "identical": [{"sha256": "0" * 64, "count": 2, "students": ["ada", "=lin"]}],
        "discrimination": None,
        "n": 3,
    }
    return {
        "schema": "kbk.grade.items/1",
        "title": "Week 1",
        "students": 5,
        "complete": 4,
        "exercises": [one],
    }


def write(out: Path) -> Path:
    """Write the class as ``kbk grade`` does; return the folder."""
    (out / "students").mkdir(parents=True)
    for each in everybody():
        (out / "students" / f"{each['student']}.json").write_text(json.dumps(each))
    (out / "items.json").write_text(json.dumps(items()))
    return out
