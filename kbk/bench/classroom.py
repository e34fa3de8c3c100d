"""What a class costs: `kbk grade` on students who hand in solutions and wrong submissions.

``python -m kbk.bench.grading --class 200`` makes 200 of them. Each text gets a comment of its own,
so that no two are the same, as in a class that does not share. What counts is processor time, of
`kbk grade` and everything below it, over the texts: that does not depend on what else runs.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from kbk.bench.simulator import Line
from kbk.errors import KbkError
from kbk.grade import catalogue, mistakes

MOST = 1.0
"""Bar: seconds of processor time for a text."""
_SOLVED = 0.5
"""Share of the texts that are solutions."""
_KBK = [sys.executable, "-c", "from kbk.cli import main; main()", "grade"]


@dataclass(frozen=True)
class Cost:
    """What a run cost.

    Attributes:
        processor: seconds of processor time, of all its processes.
        wall: seconds.
        texts: how many were graded.
    """

    processor: float
    wall: float
    texts: int


def make(folder: Path, students: int, seed: int = 1) -> None:
    """Hand in for so many students: of each exercise the solution or a wrong submission.

    Raises:
        KbkError: no wrong submissions are installed.
    """
    rng = random.Random(seed)
    for exercise in catalogue.all():
        try:
            wrong = [text for _, text in mistakes.mutants(exercise)]
        except OSError as error:
            raise KbkError(f"a class is made in a clone, of tests/mutants: {error}.") from error
        comment = "#" if exercise.suffix == ".py" else "//"
        for number in range(students):
            solved = rng.random() < _SOLVED
            text = catalogue.solution_text(exercise) if solved else rng.choice(wrong)
            file = folder / f"student{number:04}" / exercise.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n{comment} {number} {rng.random()}\n")


def graded(submissions: Path, out: Path) -> Cost:
    """Run `kbk grade`.

    Raises:
        KbkError: it did not grade everything.
    """
    before = _results(out)
    begin = time.monotonic()
    command = [*_KBK, "--submissions", str(submissions), "--out", str(out), "--seed", "1"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise KbkError(f"kbk grade must grade the whole class; it ended with {process.returncode}.")
    processor = usage.ru_utime + usage.ru_stime
    return Cost(processor, time.monotonic() - begin, _results(out) - before)


def _results(out: Path) -> int:
    return len(list((out / "store").glob("*.json")))


def lines(students: int) -> list[Line]:
    """Grade such a class twice, and print how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        submissions, out = Path(folder) / "submissions", Path(folder) / "out"
        make(submissions, students)
        first = graded(submissions, out)
        again = graded(submissions, out)
    print(
        f"{students} students, {first.texts} texts: {first.processor:.0f} s of processor time in "
        f"{first.wall:.0f} s; again: {again.texts} texts, {again.processor:.1f} s"
    )
    return [
        Line("processor time for a text of a class", first.processor / first.texts, "s", MOST),
        Line("texts graded by a rerun", float(again.texts), "", 0.0),
    ]
