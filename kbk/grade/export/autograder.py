"""Runs inside Gradescope's container: grades the submission there and writes results.json.

``python -m kbk.grade.export.autograder ROOT [--warm]``, called by ``run_autograder``. Exit status:
0 if the submission was graded, 1 if not; results.json is written in both cases.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

from kbk.grade.export import files, schema
from kbk.grade.export.results import failed, results

ASSIGNMENT = "assignment.toml"


def run(root: Path) -> int:
    """Grade ``root/submission`` and write ``root/results/results.json``.

    Args:
        root: ``/autograder``; ``source/assignment.toml`` says what is graded.
    """
    try:
        from kbk.grade.export import single

        record = single.grade(root / "submission", root / "source" / ASSIGNMENT)
        document, status = results(record), 0 if record["complete"] else 1
        schema.require(document, "gradescope", "results.json")
    except BaseException as error:  # whatever it was, nobody gets points for it
        traceback.print_exc()
        document, status = failed(f"{type(error).__name__}: {error}"), 1
    _write(root, document)
    print(f"{document['score']} points; results.json is written.")
    return status


def _write(root: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    files.write(root / "results" / "results.json", text)


def warm(root: Path) -> int:
    """Grade a stub of the assignment, which fills the build cache; 0 if that went as it must."""
    from kbk.grade import assignment, catalogue, grade

    exercises = assignment.load(root / "source" / ASSIGNMENT).exercises
    exercise = next((each for each in exercises if each.suffix == ".cu"), exercises[0])
    report = grade(exercise, catalogue.stub_text(exercise))
    wanted = exercise.stub[1]
    print(f"the stub of {exercise.id}: {report.verdict}; walls: {report.isolation}")
    if report.verdict == wanted:
        return 0
    print(f"it must be {wanted}: this image cannot grade.\n{report}", file=sys.stderr)
    return 1


def main(arguments: list[str]) -> int:
    root = Path(arguments[0])
    return warm(root) if "--warm" in arguments[1:] else run(root)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
