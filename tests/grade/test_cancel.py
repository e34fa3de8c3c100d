"""A grading that is taken back ends at once, and leaves neither processes nor folders behind."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kbk.grade import Exercise, catalogue, grade, process
from kbk.grade.cancel import Cancelled, cancellable
from kbk.grade.server import descendants
from tests.grade.conftest import SCALE

ROOT = Path(__file__).parents[2]
HANG = SCALE.replace("  if (i < n) ", "  while (n == 32) ;\n  if (i < n) ")
BUILDS = f"// {'x' * 10}\n" + "\n".join(
    f"template <int N> struct A{k} {{ static constexpr long value = A{k}<N - 1>::value + 1; }};\n"
    f"template <> struct A{k}<0> {{ static constexpr long value = 0; }};\n"
    f'static_assert(A{k}<800>::value == 800, "");'
    for k in range(40)
)  # some seconds of compiling


def _taken_back(exercise: Exercise, source: str, after: float) -> float:
    """Grade, take it back after so many seconds; return the seconds until it has ended."""
    event = threading.Event()
    taken: list[float] = []

    def take_back() -> None:
        taken.append(time.monotonic())
        event.set()

    timer = threading.Timer(after, take_back)
    timer.start()
    try:
        with pytest.raises(Cancelled), cancellable(event):
            grade(exercise, source, seed=1)
    finally:
        timer.cancel()
    return time.monotonic() - taken[0]


def _until(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
    return done()


@pytest.mark.parametrize(
    ("source", "after"),
    [(HANG, 3.0), (BUILDS + SCALE, 0.7), (SCALE, 0.0)],
    ids=["while it runs", "while it is compiled", "before it begins"],
)
def test_a_grading_that_is_taken_back_ends_at_once_and_leaves_nothing(
    scale: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, after: float
) -> None:
    monkeypatch.setenv("KBK_GRADE_PATIENCE", "20")  # no limit of ours ends it
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert grade(scale, SCALE, seed=1).ok  # two servers are warm
    before = {each[1].process.pid for each in process._pool._idle}
    assert _taken_back(scale, f"{source}\n// {time.time_ns()}\n", after) < 3.0
    idle = {each[1].process.pid for each in process._pool._idle}
    assert before == idle, "servers that were warm are not any more"
    assert _until(lambda: not [each for pid in idle for each in descendants(pid)])
    assert not list(tmp_path.glob("kbk-grade-*"))
    assert set(descendants(os.getpid())) >= idle
    assert grade(scale, SCALE, seed=1).ok


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_check_that_hangs_at_once_and_gives_the_cursor_back(
    tmp_path: Path, number: int
) -> None:
    exercise = catalogue.find("00/02")
    file = tmp_path / "exercises" / exercise.path
    file.parent.mkdir(parents=True)
    text = catalogue.solution_text(exercise)
    file.write_text(text.replace("if (i < n)", "while (n == 1) ;\n  if (i < n)"))
    outer, inner = pty.openpty()
    before = termios.tcgetattr(inner)
    process = subprocess.Popen(
        [sys.executable, "-c", "from kbk.cli import main; main()", "check", "guard"],
        stdin=inner, stdout=inner, stderr=inner, cwd=ROOT, start_new_session=True,
        env={**os.environ, "KBK_EXERCISES": str(file.parents[1]), "KBK_GRADE_PATIENCE": "50",
             "TERM": "xterm"},
    )  # fmt: skip
    shown = b""

    def read(seconds: float) -> None:
        nonlocal shown
        if select.select([outer], [], [], seconds)[0]:
            shown += os.read(outer, 1 << 16)

    try:
        end = time.monotonic() + 60
        while b"checking 00/02" not in shown and time.monotonic() < end:
            read(0.2)
        assert b"\x1b[?25l" in shown, "the cursor was never hidden: this test proves nothing"
        time.sleep(2)
        os.kill(process.pid, number)
        begin = time.monotonic()
        while process.poll() is None and time.monotonic() - begin < 15:
            read(0.1)
        assert process.poll() in (128 + number, 130, -number), shown[-500:]
        read(0.2)
        assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")
        assert termios.tcgetattr(inner) == before
    finally:
        process.kill()
        process.wait()
        os.close(outer)
        os.close(inner)
