"""`kbk watch` on the tests' own exercises, with a grader that only reads the text: a program.

    python -m tests.grade.watched FOLDER

A text with the word "right" passes, another does not; "slow" takes a while, "endless" a minute,
unless it is cancelled. What was begun is written to FOLDER/graded, a line each.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from kbk import paths
from kbk.grade import cancel, catalogue, learner
from kbk.grade.exercise import Exercise
from kbk.grade.report import CheckResult, Report
from kbk.grade.watching import loop
from tests.grade.conftest import SCALE, make_prediction, make_scale

STUB = "// the stub\n"


def prepare(folder: Path) -> tuple[Exercise, Exercise]:
    """Make the folder the learner's, with two exercises."""
    exercises = make_scale(), make_prediction()
    for each in exercises:
        for name, text in (("stubs", STUB), ("solutions", SCALE)):
            file = folder / name / each.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    paths.STUBS, paths.SOLUTIONS = folder / "stubs", folder / "solutions"
    catalogue._all = lambda _: exercises  # type: ignore[assignment]
    return exercises


def main(folder: Path) -> int:
    exercise, _ = prepare(folder)

    def check(exercise: Exercise, **_: object) -> Report:
        text = learner.text_of(exercise)
        with (folder / "graded").open("a") as file:
            file.write(f"{exercise.id} {text.strip()}\n")
        end = time.monotonic() + (1.0 if "slow" in text else 60.0 if "endless" in text else 0.0)
        while time.monotonic() < end:
            cancel.go_on()
            time.sleep(0.02)
        ok = "right" in text
        verdict = "pass" if ok else "wrong-answer"
        said = "" if ok else f"the text is {text.strip()[:200]!r}"
        result = CheckResult("sizes", verdict, 6, 6 * ok, cases=1, message=said, line=1)
        report = Report(
            exercise.id, exercise.title, exercise.path, verdict, verdict, (result,), 6, 6 * ok,
            source=text,
        )  # fmt: skip
        learner._remember(exercise, report)
        return report

    learner.check = check  # type: ignore[assignment]
    return loop.watch(exercise)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
