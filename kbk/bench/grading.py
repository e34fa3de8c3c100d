"""How long a learner waits for a verdict on this CPU: each exercise, just saved, and a cold shell.

``make bench`` runs this as ``python -m kbk.bench.grading``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kbk.bench.simulator import Line
from kbk.grade import Exercise, catalogue, grade

ROUNDS = 3
MEDIAN, MOST, COLD = 1.5, 3.0, 5.0
"""Bars, in seconds: over the exercises, for the slowest one, and from a shell."""


def saved(exercise: Exercise) -> float:
    """Seconds from a changed solution to its verdict, the grader's own process being warm."""
    seconds = []
    for _ in range(ROUNDS):
        comment = "#" if exercise.suffix == ".py" else "//"
        text = f"{catalogue.solution_text(exercise)}\n{comment} {time.time_ns()}\n"
        start = time.perf_counter()
        report = grade(exercise, text)
        seconds.append(time.perf_counter() - start)
        assert report.ok, report
    return statistics.median(seconds)


def from_a_shell(exercise: Exercise) -> float:
    """Seconds that ``kbk check`` takes with a changed solution."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "exercises" / exercise.path
        file.parent.mkdir(parents=True)
        file.write_text(f"{catalogue.solution_text(exercise)}\n// {time.time_ns()}\n")
        command = [sys.executable, "-c", "from kbk.cli import main; main()", "check", exercise.id]
        environment = {**os.environ, "KBK_EXERCISES": f"{folder}/exercises"}
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return time.perf_counter() - start


def main() -> int:
    exercises = catalogue.all()
    kernels = [each for each in exercises if each.suffix == ".cu"]
    grade(kernels[0], catalogue.solution_text(kernels[0]))  # headers are compiled once
    each = {exercise.id: saved(exercise) for exercise in exercises}
    lines = [Line(f"verdict on {name}", seconds, "s", MOST) for name, seconds in each.items()]
    lines.append(Line("verdict, median", statistics.median(each.values()), "s", MEDIAN))
    cold = statistics.median(from_a_shell(kernels[0]) for _ in range(ROUNDS))
    lines.append(Line(f"kbk check {kernels[0].id}, cold", cold, "s", COLD))
    print(f"{'from a changed file to its verdict':<44}{'measured':>12} {'':<10}{'bar':<10}")
    for line in lines:
        print(line.text())
    return 0 if all(line.kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
