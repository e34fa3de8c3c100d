"""How long a learner waits for a verdict on this CPU: after a save in `kbk watch`, and in a shell.

``make bench`` runs this as ``python -m kbk.bench.grading``. With ``--class 200`` it measures what a
class of so many students costs instead (kbk.bench.classroom), which takes long.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from kbk.bench import classroom
from kbk.bench.simulator import Line
from kbk.grade import Exercise, catalogue, grade

ROUNDS = 3
MEDIAN, MOST, COLD = 1.5, 3.0, 5.0
"""Bars, in seconds: over the exercises, for the slowest one, and from a shell."""
_PATIENCE = 120.0
_KBK = [sys.executable, "-c", "from kbk.cli import main; main()"]


class Watched:
    """A `kbk watch` in a terminal of its own, and a learner who saves solutions.

    Args:
        folder: becomes the learner's tree.
        first: exercise with which it begins.
    """

    def __init__(self, folder: Path, first: Exercise) -> None:
        self._folder = folder
        self._outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 100, 0, 0))
        environment = {**os.environ, "KBK_EXERCISES": str(folder), "TERM": "xterm"}
        self._process = subprocess.Popen(
            [*_KBK, "watch", first.id], stdin=inner, stdout=inner, stderr=inner, env=environment
        )
        os.close(inner)
        self._shown = b""
        self._until(f"{first.id} {first.title}: not-attempted")

    def saved(self, exercise: Exercise) -> float:
        """Seconds from saving a solution that has just been changed until its verdict is shown."""
        comment = "#" if exercise.suffix == ".py" else "//"
        text = f"{catalogue.solution_text(exercise)}\n{comment} {time.time_ns()}\n"
        file = self._folder / exercise.path
        file.parent.mkdir(parents=True, exist_ok=True)
        self._shown = b""
        start = time.perf_counter()
        file.write_text(text)
        self._until("checking", anywhere=True)
        self._until(f"{exercise.id} {exercise.title}: pass")
        return time.perf_counter() - start

    def onward(self, exercise: Exercise) -> None:
        """Press the key for the next exercise, and wait until it is there."""
        os.write(self._outer, b"n")
        self._until(f"{exercise.id} {exercise.title}: not-attempted")

    def _until(self, text: str, anywhere: bool = False) -> None:
        """Read until the text is on the screen and nothing is being checked; or was, anywhere."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            screen = self._shown if anywhere else self._shown.rpartition(b"\x1b[2J")[2]
            done = anywhere or (b"quit" in screen and b"checking" not in screen)
            if done and text.encode() in screen:
                return
            if select.select([self._outer], [], [], 0.5)[0]:
                self._shown += os.read(self._outer, 1 << 16)
        raise TimeoutError(f"{text!r} was not shown:\n{self._shown.decode(errors='replace')}")

    def close(self) -> None:
        """End it."""
        os.write(self._outer, b"q")
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._outer)


def in_watch(exercises: tuple[Exercise, ...]) -> dict[str, float]:
    """Median seconds from save to verdict by id, in one `kbk watch` that goes through them all."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        watched = Watched(Path(folder) / "exercises", exercises[0])
        try:
            for number, exercise in enumerate(exercises):
                if number:
                    watched.onward(exercise)
                found[exercise.id] = statistics.median(
                    watched.saved(exercise) for _ in range(ROUNDS)
                )
        finally:
            watched.close()
    return found


def from_a_shell(exercise: Exercise) -> float:
    """Seconds that ``kbk check`` takes with a changed solution."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "exercises" / exercise.path
        file.parent.mkdir(parents=True)
        file.write_text(f"{catalogue.solution_text(exercise)}\n// {time.time_ns()}\n")
        environment = {**os.environ, "KBK_EXERCISES": f"{folder}/exercises"}
        start = time.perf_counter()
        subprocess.run(
            [*_KBK, "check", exercise.id], env=environment, check=True, capture_output=True
        )
        return time.perf_counter() - start


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kbk.bench.grading")
    parser.add_argument("--class", dest="students", type=int, help="measure a class of so many")
    students = parser.parse_args(arguments).students
    if students is not None:
        return _printed("a class in kbk grade", classroom.lines(max(students, 1)))
    exercises = catalogue.all()
    kernels = [each for each in exercises if each.suffix == ".cu"]
    grade(kernels[0], catalogue.solution_text(kernels[0]))  # headers are compiled once
    each = in_watch(exercises)
    lines = [
        Line(f"{exercise.id} {exercise.title}"[:43], each[exercise.id], "s", MOST)
        for exercise in exercises
    ]
    lines.append(Line("median over the exercises", statistics.median(each.values()), "s", MEDIAN))
    cold = statistics.median(from_a_shell(kernels[0]) for _ in range(ROUNDS))
    lines.append(Line(f"kbk check {kernels[0].id}, from a shell", cold, "s", COLD))
    return _printed("from a save to its verdict, in kbk watch", lines)


def _printed(title: str, lines: list[Line]) -> int:
    """Print a table; 1 if a figure is over its bar."""
    print(f"{title:<44}{'measured':>12} {'':<10}{'bar':<10}")
    for line in lines:
        print(line.text())
    return 0 if all(line.kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
