"""`kbk grade` as a program: stopped or killed at any moment, it loses and doubles nothing."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kbk.cli import app
from kbk.grade import catalogue
from kbk.grade.batch import progress, schedule
from kbk.grade.batch.schedule import Job, Schedule
from tests.grade.classes import exercises, facts, grades, hand_in, verdicts

# Somebody may edit kbk while this runs; then a rerun would grade everything anew, and rightly.
_MAIN = (
    "from kbk.grade.batch import keys; keys.engine = lambda: 'e'; import kbk.cli; kbk.cli.main()"
)
KBK = [sys.executable, "-c", _MAIN, "grade"]


@pytest.fixture
def subs(tmp_path: Path) -> Path:
    """A class of seven who predict: solutions and mutants, each with a comment of its own."""
    folder = Path(__file__).parents[1] / "mutants" / "00_setup" / "01_who_runs_what"
    texts = [catalogue.solution_text(catalogue.find("00/01"))]
    texts += [file.read_text() for file in sorted(folder.glob("*.py"))]
    students = {
        f"student {n}": {"00_setup/01_who_runs_what.py": f"{texts[n % len(texts)]}\n# {n}\n"}
        for n in range(7)
    }
    return hand_in(tmp_path / "subs", students)


def command(subs: Path, out: Path, *more: str) -> list[str]:
    return [*KBK, "--submissions", str(subs), "--out", str(out), "--seed", "5", *more, "00/01"]


def kept(out: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (out / "store").glob("[0-9a-f]*.json")}


def wait_for_results(process: subprocess.Popen[bytes], out: Path, count: int) -> None:
    end = time.monotonic() + 60
    while len(kept(out)) < count and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)


def test_killed_at_random_moments_and_run_again_it_ends_as_if_it_had_not_been(
    subs: Path, tmp_path: Path
) -> None:
    whole = subprocess.run(command(subs, tmp_path / "whole"), capture_output=True, text=True)
    assert whole.returncode == 0 and "7 of 7 new texts graded" in whole.stderr
    out, rng = tmp_path / "out", random.Random(os.urandom(8))
    before: dict[str, bytes] = {}
    for count in (1, 3):
        process = subprocess.Popen(command(subs, out), stderr=subprocess.DEVNULL)
        wait_for_results(process, out, count + len(before))
        time.sleep(rng.random() * 0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = kept(out)
        assert before.items() <= now.items()  # nothing lost, nothing graded twice
        before = now
    last = subprocess.run(command(subs, out), capture_output=True, text=True)
    new = 7 - len(before)
    assert last.returncode == 0 and f"{new} of {new} new texts graded" in last.stderr
    assert facts(out) == facts(tmp_path / "whole")
    assert kept(out).keys() == kept(tmp_path / "whole").keys()
    assert not list(out.rglob(".writing-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_writes_what_is_done_and_says_what_is_not(
    subs: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(subs, out, "--jobs", "1"), stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    wait_for_results(process, out, 2)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130 and b"Stopped. What was graded is kept" in told
    assert b"Traceback" not in told
    done = len(kept(out))
    rows = grades(out)[1:]
    assert 2 <= done < 7 and sum(row[-1] == "yes" for row in rows) == done
    assert all(row[1] == "" and row[2] == "" for row in rows if row[-1] == "no")
    open_ = next(row[0] for row in rows if row[-1] == "no")
    assert verdicts(out, open_) == {"00/01": "cannot-grade"}


def test_arguments_that_are_missing_or_wrong_are_one_sentence_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "subs").mkdir()
    out = ["--out", str(tmp_path / "out")]
    for more, words in (
        (out, "kbk grade needs --submissions DIR and --out DIR."),
        ([*out, "--submissions", str(tmp_path / "subs")], "must hold a folder or a zip"),
    ):
        done = CliRunner().invoke(app, ["grade", *more])
        assert done.exit_code == 2 and words in done.output and done.output.count("\n") == 1


def jobs(students: list[str]) -> list[Job]:
    exercise = exercises()[0]
    return [Job(f"{n}", exercise, "", [student]) for n, student in enumerate(students)]


def result(verdict: str) -> dict[str, Any]:
    return {"verdict": verdict, "checks": [{"verdict": verdict}]}


def schedule_of(work: Callable[[Job], dict[str, Any]], at_once: int) -> tuple[Schedule, list[str]]:
    order: list[str] = []
    return Schedule(work, lambda job, _: order.append(job.key), at_once), order


def test_as_many_run_at_a_time_as_may_and_never_more() -> None:
    together = threading.Barrier(3)
    running: list[str] = []
    most = 0

    def work(job: Job) -> dict[str, Any]:
        nonlocal most
        running.append(job.key)
        most = max(most, len(running))
        together.wait(20)  # breaks if fewer run at a time
        running.remove(job.key)
        return result("pass")

    mine, order = schedule_of(work, 3)
    mine.run(jobs(["a"] * 9))
    assert sorted(order) == sorted(map(str, range(9))) and most == 3


def test_slow_ones_make_room_for_others_but_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "SLOW", 0.05)
    monkeypatch.setattr(schedule, "_TICK", 0.02)
    enough = threading.Event()
    slow = 0

    def work(job: Job) -> dict[str, Any]:
        nonlocal slow
        if job.students == ["slow"]:
            slow += 1
            assert enough.wait(5)
        else:
            enough.set()
        return result("pass")

    mine, order = schedule_of(work, 2)
    mine.run(jobs(["slow"] * 3 + ["quick"]))  # the quick one runs beside three slow ones
    assert order[0] == "3" and slow == 3


def test_an_error_in_the_work_ends_the_run_and_is_raised() -> None:
    def work(job: Job) -> dict[str, Any]:
        raise ValueError(job.key)

    with pytest.raises(ValueError, match="0"):
        schedule_of(work, 1)[0].run(jobs(["a", "b"]))


def test_a_student_whose_text_hung_comes_last() -> None:
    def work(job: Job) -> dict[str, Any]:
        return result("hang" if job.students == ["hangs"] else "pass")

    mine, order = schedule_of(work, 1)
    mine.run(jobs(["hangs", "hangs", "a", "b"]))
    assert order == ["0", "2", "3", "1"]


def test_a_stop_waits_for_what_runs_but_not_for_what_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "PATIENCE", 1.0)
    forever = threading.Event()

    def work(job: Job) -> dict[str, Any]:
        if job.key == "1":
            forever.wait(60)
        time.sleep(0.3 if job.key == "2" else 0)
        return result("pass")

    told: list[str] = []

    def done(job: Job, _: dict[str, Any]) -> None:
        told.append(job.key)
        if job.key == "0":
            raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        Schedule(work, done, 3).run(jobs(["a", "b", "c", "d"]))
    assert told == ["0", "2"] and time.monotonic() - begin < 20
    forever.set()


def test_a_log_gets_lines_and_a_terminal_a_bar_that_is_cleaned_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    with progress.Shown(3) as shown:
        for name in ("[red]a[/]", "b", "c"):
            shown.step(name)
        shown.say("[bold]done")
    told = capsys.readouterr().err.splitlines()
    assert [each.partition(" (")[0] for each in told] == [
        "graded 1 of 3",
        "graded 2 of 3",
        "[bold]done",
    ]
    screen = io.StringIO()

    def terminal(**_: object) -> Console:
        return Console(file=screen, force_terminal=True, width=100, highlight=False)

    monkeypatch.setattr(progress, "Console", terminal)
    with pytest.raises(KeyboardInterrupt), progress.Shown(3) as shown:
        shown.step("[red]a[/]")
        shown.say("[bold]beside it")
        raise KeyboardInterrupt
    text = screen.getvalue()
    assert "1/3" in text and "[red]a[/]" in text and "[bold]beside it" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back
    with progress.Shown(3, quiet=True) as shown:
        shown.step("a")
        shown.say("b")
    assert capsys.readouterr() == ("", "")
