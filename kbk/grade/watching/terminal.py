"""The terminal of `kbk watch`: keys without Enter, its size, and the way it was before.

Its settings come back whatever ends the program: `close`, an exception, the interpreter's end, a
signal, Ctrl-Z (until `fg`), and also SIGKILL: then a small shell that waits for our end does it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, TextIO

_ENDS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
_CLEAR = "\x1b[H\x1b[2J"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)
"""What an arrow or a function key sends: its letters are no keys of ours."""


class Gone(Exception):
    """The terminal is not there any more."""


class Terminal:
    """Input and output of `kbk watch`. Use it in a `with`.

    Args:
        stdin, stdout: by default those of the process.

    Attributes:
        keys: whether keys can be read one by one: both are terminals.
        clears: whether what is shown can replace what was.
        resized: the size has changed, or the program was stopped: show everything again.
        stopped: the program was stopped and goes on; what had a time limit meanwhile passed it.
    """

    def __init__(self, stdin: TextIO | None = None, stdout: TextIO | None = None) -> None:
        self._in = stdin or sys.stdin
        self._out = stdout or sys.stdout
        self.is_terminal = _is_terminal(self._out)
        self.keys = self.is_terminal and _is_terminal(self._in)
        self.clears = self.is_terminal and os.environ.get("TERM", "dumb") not in ("", "dumb")
        self.resized = False
        self.stopped = False
        self._before: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._guard: _Guard | None = None

    def __enter__(self) -> Terminal:
        self._handle(_ENDS, _leave)
        if self.keys:
            try:
                self._before = termios.tcgetattr(self._in.fileno())
            except (termios.error, OSError):
                self.keys = False
        if self.keys:
            atexit.register(self.restore)
            self._guard = _guard(self._in.fileno())
            self._handle((signal.SIGTSTP,), self._stop)
            self._handle((signal.SIGWINCH, signal.SIGCONT), self._again)
            self._raw()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Put everything back as it was."""
        self.restore()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None
        atexit.unregister(self.restore)

    def restore(self) -> None:
        """Give the terminal its own settings back."""
        if self._before is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._in.fileno(), termios.TCSADRAIN, self._before)

    def _raw(self) -> None:
        """Keys come at once and are not shown; Ctrl-C and Ctrl-Z stay what they are."""
        if self._before is None:
            return
        settings = [*self._before[:6], list(self._before[6])]
        settings[3] &= ~(termios.ICANON | termios.ECHO)
        settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
        with contextlib.suppress(termios.error, OSError):
            termios.tcsetattr(self._in.fileno(), termios.TCSADRAIN, settings)

    def _handle(self, numbers: Sequence[int], handler: Callable[..., Any]) -> None:
        for number in numbers:
            with contextlib.suppress(ValueError):  # not the main thread
                self._handlers.setdefault(number, signal.signal(number, handler))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: the shell gets its own terminal, until we go on."""
        self.restore()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._stop)
        self._again(number, frame)

    def _again(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGWINCH:
            self._raw()
            self.stopped = True
        self.resized = True

    @property
    def width(self) -> int:
        """Columns, at least 20; 80 where there is no terminal."""
        try:
            columns = os.get_terminal_size(self._out.fileno()).columns
        except (OSError, ValueError):
            columns = shutil.get_terminal_size((80, 24)).columns
        return max(columns or 80, 20)

    def wait(self, seconds: float, also: Sequence[int] = ()) -> str:
        """Wait for a key, or until one of the descriptors can be read; return the keys, or "".

        Raises:
            Gone: the terminal has been closed.
        """
        mine = [self._in.fileno()] if self.keys else []
        try:
            ready, _, _ = select.select([*mine, *also], [], [], seconds)
            if not mine or mine[0] not in ready:
                return ""
            data = os.read(mine[0], 1024)
        except OSError as error:
            raise Gone from error
        if not data or data == b"\x04":
            raise Gone
        return _SEQUENCE.sub("", data.decode(errors="replace"))

    def clear(self) -> None:
        """Empty the screen, where it can be emptied."""
        if self.clears:
            self.write(_CLEAR)

    def write(self, text: str) -> None:
        """Write and flush.

        Raises:
            Gone: nobody reads any more.
        """
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError) as error:
            raise Gone from error


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


_IGNORE = "trap '' INT QUIT TERM HUP TSTP TTIN TTOU"


@dataclass
class _Guard:
    """A shell, and the pipe on which it waits."""

    shell: subprocess.Popen[bytes]
    pipe: int

    def dismiss(self) -> None:
        """It has nothing to do any more."""
        with contextlib.suppress(OSError):
            os.write(self.pipe, b"done\n")
        os.close(self.pipe)
        self.shell.wait()


def _guard(terminal: int) -> _Guard | None:
    """A shell that waits for our end, and gives the terminal its settings back if we could not."""
    try:
        saved = subprocess.run(
            ["stty", "-g"], stdin=terminal, capture_output=True, text=True, check=True
        ).stdout.strip()
        # Its stderr is the pipe: a plain shell knows descriptors of one digit only.
        ours, theirs = os.pipe()[::-1]
        try:
            shell = subprocess.Popen(
                ["sh", "-c", f"{_IGNORE}; read x <&2 || stty {saved}"],
                stdin=terminal,
                stdout=subprocess.DEVNULL,
                stderr=theirs,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return _Guard(shell, ours)
    except (OSError, subprocess.SubprocessError):
        return None
