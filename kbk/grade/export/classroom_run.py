"""The grading step of the Classroom workflow: grades the checkout and hands on the points.

``python -m kbk.grade.export.classroom_run WORKSPACE NAME... --seed N``. The verdicts go to the log
and to the summary of the run, the points as the step's output ``result`` to Classroom's reporter.
Exit status: 0 if everything was graded, whatever the points; 2 if not, and then no points are
reported.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kbk.errors import KbkError
from kbk.grade.export import marks, schema, single, told
from kbk.grade.export.clean import clean, html, line


def result(student: dict[str, Any]) -> dict[str, Any]:
    """What the reporter takes: a test for each check, with its points. None of a student's text."""
    tests = []
    for exercise in student["exercises"]:
        name = f"{exercise['exercise']} {line(exercise['title'])}"
        for check in exercise["checks"]:
            tests.append(
                {
                    "name": f"{name}: {line(check['name'])}",
                    "status": "pass" if check["verdict"] == "pass" else "fail",
                    "score": check["earned"],
                    "line_no": 0,
                    "message": None,
                }
            )
    passed = all(each["status"] == "pass" for each in tests)
    return {
        "version": 1,
        "status": "pass" if passed else "fail",
        "max_score": student["points"],
        "tests": tests,
    }


def rows(student: dict[str, Any]) -> Iterator[str]:
    """The verdicts as lines for a log."""
    for each in student["submission"]["problems"]:
        yield f"Your submission: {clean(each)}"
    for exercise in student["exercises"]:
        name = f"{exercise['exercise']} {exercise['title']}"
        yield f"{name}: {exercise['verdict']}, {exercise['earned']} of {exercise['points']} points"
        absent = marks.ABSENT.get(exercise["verdict"])
        if absent is not None:
            yield f"  {absent.format(path=exercise['path'])}"
            continue
        for check in exercise["checks"]:
            mark = marks.of(check["verdict"])
            yield f"  {mark.sign} {check['name']}  {check['earned']}/{check['points']}"
            text = told.of_check(check, exercise["path"])
            if text and mark.kind in ("bad", "open"):
                yield from (f"      {row}" for row in text.splitlines())
    yield f"{student['earned']} of {student['points']} points"


def summary(student: dict[str, Any]) -> str:
    """The verdicts as Markdown for the page of the run; what came from a student is escaped."""
    text = html("\n".join(rows(student)))
    return f"## {student['earned']} of {student['points']} points\n\n<pre>{text}</pre>\n"


def _say(lines: list[str], token: str) -> None:
    """Print to the log, in which a line of a student's could otherwise be a command to GitHub."""
    print(f"::stop-commands::{token}")
    print("\n".join(lines))
    print(f"::{token}::")


def _append(variable: str, text: str) -> None:
    """To the file that GitHub names in an environment variable."""
    name = os.environ.get(variable)
    if name:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="classroom_run")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args(arguments)
    try:
        student = single.grade(given.workspace, seed=given.seed, names=given.names)
        handed_on = result(student)
        schema.require(handed_on, "classroom", "the result")
    except KbkError as error:
        _say([f"Nothing was graded: {error}"], secrets.token_hex(16))
        return 2
    _say(list(rows(student)), secrets.token_hex(16))
    _append("GITHUB_STEP_SUMMARY", summary(student))
    if not student["complete"]:
        print("Something could not be graded, so no points are reported: run this job again.")
        return 2
    encoded = base64.b64encode(json.dumps(handed_on).encode()).decode()
    _append("GITHUB_OUTPUT", f"result={encoded}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
