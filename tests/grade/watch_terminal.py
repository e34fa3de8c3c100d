"""A pseudo terminal with a `kbk watch` in it (tests.grade.watched), and a learner before it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import traceback
from pathlib import Path

from tests.grade import watched as watched_program
from tests.grade.conftest import make_scale


class Watched:
    """A `kbk watch` in a pseudo terminal.

    Attributes:
        file: the learner's file.
        screen: what was shown since the screen was emptied last, without colours.
    """

    def __init__(self, folder: Path, columns: int = 80, **environment: str) -> None:
        self.folder = folder
        self.file = folder / "exercises" / make_scale().path
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("// wrong\n")
        self.outer, self.inner = pty.openpty()
        self.resize(columns)
        self.before = termios.tcgetattr(self.inner)
        self.raw = b""
        told, tells = os.pipe()
        # By forking: what must be imported is here already.
        self.leader = os.fork()
        if self.leader == 0:
            os.close(self.outer)
            tree = {"KBK_EXERCISES": str(folder / "exercises")}
            _lead(self.inner, tells, folder, {"TERM": "xterm", **tree, **environment})
        os.close(tells)
        self.process = int(os.read(told, 100))
        os.close(told)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.outer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    @property
    def screen(self) -> str:
        last = self.raw.decode(errors="replace").rpartition("\x1b[2J")[2]
        return re.sub(r"\x1b\[[0-9;]*m", "", last).replace("\r", "")

    def see(self, text: str, seconds: float = 60) -> str:
        """Wait until the screen shows a text, and no more comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            more = self._read(0.1)
            if text in self.screen and not more:
                return self.screen
        raise AssertionError(f"{text!r} was not shown:\n{self.screen}")

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.outer], [], [], seconds)
        try:
            data = os.read(self.outer, 1 << 16) if ready else b""
        except OSError:
            data = b""
        self.raw += data
        return bool(data)

    def press(self, keys: str) -> None:
        os.write(self.outer, keys.encode())

    def save(self, text: str) -> None:
        self.file.write_text(text)

    def end(self, seconds: float = 20) -> int:
        """Wait for its end; return the status, negative for a signal."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(0.05)
            ended, status = os.waitpid(self.leader, os.WNOHANG)
            if ended:
                self.leader = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it goes on:\n{self.screen}")

    @property
    def restored(self) -> bool:
        return termios.tcgetattr(self.inner) == self.before

    @property
    def graded(self) -> list[str]:
        return (self.folder / "graded").read_text().splitlines()

    def close(self) -> None:
        if self.leader:
            for process in (self.process, self.leader):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            os.waitpid(self.leader, 0)
        for each in (self.outer, self.inner):
            os.close(each)


def _lead(terminal: int, tells: int, folder: Path, environment: dict[str, str]) -> None:
    """Be a shell: have a job, of its own process group, in a terminal, and end as it does."""
    try:
        os.environ.update(environment)
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        for each in (0, 1, 2):
            os.dup2(terminal, each)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        job = os.fork()
        if job == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
            for number in (signal.SIGTTOU, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            sys.stdin, sys.stdout = os.fdopen(0, "r"), os.fdopen(1, "w")
            os.write(tells, str(os.getpid()).encode())
            try:
                status = watched_program.main(folder)
            except SystemExit as error:
                status = int(error.code or 0)
            os._exit(status)
        _, status = os.waitpid(job, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(99)
