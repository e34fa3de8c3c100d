"""`kbk watch` in a terminal of its own: saves, keys, and what is left of the terminal."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbk.grade import catalogue
from tests.grade.conftest import make_scale
from tests.grade.watch_terminal import Watched

ROOT = Path(__file__).parents[2]
COMMAND = "import sys; from pathlib import Path; from tests.grade import watched; "
COMMAND += "sys.exit(watched.main(Path(sys.argv[1])))"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path)
    try:
        found.see("wrong-answer")
        yield found
    finally:
        found.close()


def test_a_save_replaces_the_verdict_and_passing_waits_for_n(watched: Watched) -> None:
    shown = watched.screen
    assert "90/01 Scale: wrong-answer, 0 of 6 points" in shown and "FAIL sizes" in shown
    assert "the text is '// wrong'" in shown and "-->    1 | // wrong" in shown
    assert "h hint" in shown and "q quit" in shown
    watched.save("// right\n")
    shown = watched.see("go on with n")
    assert "pass, 6 of 6 points" in shown and "wrong-answer" not in shown and "ok   sizes" in shown
    assert "n next, 90/02 Twice" in shown
    time.sleep(0.3)
    watched._read(0.1)
    assert "90/02 Twice:" not in watched.screen
    watched.press("n")
    watched.see("90/02 Twice: wrong-answer")


def test_keys_work_without_enter(watched: Watched) -> None:
    watched.press("h")
    assert "hint 1, the concept: one two" in watched.see("hint 1")
    watched.press("hh")
    assert "hint 1, the concept" in watched.see("hint 3, the shape")
    watched.press("h")
    watched.see("these are all 3 hints")
    watched.press("l")
    assert "--> 90/01 Scale" in watched.see("90/02 Twice")
    watched.press("s")
    watched.see("Show the solution?")
    watched.press("x")
    assert "__global__" not in watched.see("left as it is")
    watched.press("s")
    watched.press("y")
    watched.see("__global__ void scale_kernel")
    watched.press("c")
    watched.see("wrong-answer")
    assert len(watched.graded) == 2
    watched.press("q")
    assert watched.end() == 0 and watched.restored


def test_arrows_and_function_keys_are_no_letters(watched: Watched) -> None:
    watched.press("\x1b[C\x1b[H\x1bOR\x1b[15~\x1b[1;5C\x1b")
    watched.press("l")
    watched.see("90/02 Twice")
    assert "hint 1" not in watched.screen and "Put the stub" not in watched.screen
    assert len(watched.graded) == 1


def test_a_save_takes_a_question_back(watched: Watched) -> None:
    watched.press("r")
    watched.see("Put the stub back?")
    watched.save("// wrong again\n")
    watched.see("the text is '// wrong again'")
    watched.press("y")
    watched.press("l")
    watched.see("90/02 Twice")
    assert watched.file.read_text() == "// wrong again\n"


def test_reset_asks_and_keeps_a_copy(watched: Watched) -> None:
    watched.press("r")
    watched.see("Put the stub back?")
    watched.press("n")
    watched.see("left as it is")
    assert watched.file.read_text() == "// wrong\n"
    watched.press("r")
    watched.press("y")
    watched.see("the text is '// the stub'")
    assert watched.file.read_text() == "// the stub\n"
    (copy,) = (watched.folder / ".kbk" / "backups" / "90_tests").iterdir()
    assert copy.read_text() == "// wrong\n"


def test_a_save_while_grading_cancels_it(watched: Watched) -> None:
    watched.save("// endless\n")
    _until(watched.folder / "graded", "endless")
    begin = time.monotonic()
    watched.save("// right\n")
    watched.see("pass, 6 of 6 points")
    assert time.monotonic() - begin < 10
    assert watched.graded == [f"90/01 // {text}" for text in ("wrong", "endless", "right")]
    assert "checking" not in watched.screen


def test_of_several_saves_only_the_last_has_a_verdict(watched: Watched) -> None:
    for number in (1, 2, 3, 4):
        watched.save(f"// slow {number}\n")
        time.sleep(0.12)
    shown = watched.see("the text is '// slow 4'")
    assert "checking" not in shown
    assert watched.graded[-1] == "90/01 // slow 4"
    for number in (1, 2, 3):  # a verdict on a text that is gone is not shown
        assert f"'// slow {number}'".encode() not in watched.raw


def test_going_on_to_the_next_exercise_cancels_what_runs(watched: Watched) -> None:
    watched.save("// endless\n")
    _until(watched.folder / "graded", "endless")
    watched.press("n")
    watched.see("90/02 Twice: wrong-answer")
    watched.press("q")
    assert watched.end() == 0 and watched.restored


def test_a_deleted_file_is_told_of(watched: Watched) -> None:
    watched.file.unlink()
    assert "01_scale.cu is gone" in watched.see("is gone")
    watched.save("// right\n")
    assert "is gone" not in watched.see("pass, 6 of 6")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(watched: Watched, number: int) -> None:
    assert not watched.restored
    os.kill(watched.process, number)
    assert watched.end() == 128 + number and watched.restored


def test_sigkill_leaves_the_terminal_as_it_was(watched: Watched) -> None:
    os.kill(watched.process, signal.SIGKILL)
    watched.end()
    end = time.monotonic() + 5
    while not watched.restored and time.monotonic() < end:
        time.sleep(0.02)
    assert watched.restored


def test_ctrl_c_and_the_end_of_input_end_it(tmp_path: Path) -> None:
    for key, status in (("\x03", 130), ("\x04", 1)):
        watched = Watched(tmp_path / str(status))
        try:
            watched.see("wrong-answer")
            watched.press(key)
            assert watched.end() == status and watched.restored
        finally:
            watched.close()


def test_a_terminal_that_goes_away_ends_it(watched: Watched) -> None:
    os.close(watched.outer)
    watched.outer = os.dup(watched.inner)
    assert watched.end() in (1, 128 + signal.SIGHUP)


def test_ctrl_z_gives_the_terminal_back_until_fg(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    try:
        watched.see("wrong-answer")
        os.kill(watched.process, signal.SIGTSTP)
        end = time.monotonic() + 5
        while not watched.restored and time.monotonic() < end:
            time.sleep(0.02)
        assert watched.restored
        os.kill(watched.process, signal.SIGCONT)
        watched.raw = b""
        watched.see("wrong-answer")
        assert not watched.restored
        watched.press("q")
        assert watched.end() == 0 and watched.restored
    finally:
        watched.close()


def test_a_narrow_terminal_and_a_new_size(tmp_path: Path) -> None:
    watched = Watched(tmp_path, columns=40)
    try:
        shown = watched.see("q quit")
        watched.see("wrong-answer")
        assert max(map(len, watched.screen.splitlines())) <= 40, shown
        watched.resize(100)
        watched.raw = b""
        watched.see("90/01 Scale: wrong-answer, 0 of 6 points")
    finally:
        watched.close()


def test_no_color_and_a_dumb_terminal_get_none(tmp_path: Path) -> None:
    for name, more in (("a", {"NO_COLOR": "1"}), ("b", {"TERM": "dumb"})):
        watched = Watched(tmp_path / name, **more)
        try:
            watched.see("wrong-answer")
            watched.press("h")
            assert "hint 1" in watched.see("hint 1")
            watched.save("// right\n")
            watched.see("go on with n")
            colours = re.findall(rb"\x1b\[[0-9;]*3[0-9][0-9;]*m", watched.raw)
            assert not colours and (name == "a" or b"\x1b" not in watched.raw)
        finally:
            watched.close()


def test_an_output_that_is_no_terminal_gets_a_block_for_each_save(tmp_path: Path) -> None:
    file = tmp_path / "exercises" / make_scale().path
    file.parent.mkdir(parents=True)
    file.write_text("// wrong\n")
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(tmp_path)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT,
            env={**os.environ, "KBK_EXERCISES": str(tmp_path / "exercises")},
        )  # fmt: skip
        try:
            _until(log, "wrong-answer, 0 of 6")
            file.write_text("// right\n")
            _until(log, "pass, 6 of 6")
        finally:
            process.terminate()
            process.wait(20)
    text = log.read_text()
    assert text.count("90/01 Scale:") == 2 and "\x1b" not in text and "quit" not in text
    assert process.returncode == 128 + signal.SIGTERM


def _until(file: Path, text: str) -> None:
    end = time.monotonic() + 60
    while text not in file.read_text():
        assert time.monotonic() < end, file.read_text()
        time.sleep(0.05)


def test_watch_grades_a_save_and_says_who_wrote_what(tmp_path: Path) -> None:
    """The command itself, with the real grader; it ends while a kernel runs that never ends."""
    exercise = catalogue.find("00/02")
    text = catalogue.solution_text(exercise)
    tree = str(tmp_path / "exercises")
    file = tmp_path / "exercises" / exercise.path
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("a * x[i];", "a * x[i] + 1;"))
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", "from kbk.cli import main; main()", "watch", "guard"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT,
            env={**os.environ, "KBK_EXERCISES": str(tmp_path / "exercises"),
                 "KBK_GRADE_PATIENCE": "4"},
        )  # fmt: skip
        try:
            _until(log, "block 0, thread 0, line 16")
            file.write_text(text)
            _until(log, "pass, 5 of 5")
            file.write_text(text.replace("if (i < n)", "while (n == 1) ;\n  if (i < n)"))
            time.sleep(2.5)
            assert len(_processes(tree)) > 1
            begin = time.monotonic()
            process.terminate()
            process.wait(20)
            assert time.monotonic() - begin < 15  # the kernel goes on for 20 seconds
        finally:
            process.kill()
            process.wait(20)
    end = time.monotonic() + 15
    while _processes(tree):
        assert time.monotonic() < end, _processes(tree)
        time.sleep(0.1)


def _processes(tree: str) -> list[str]:
    """Processes that were started for a learner's tree."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and tree.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found
