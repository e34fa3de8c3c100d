"""Has a job run in a worker, watches time, memory and output, and leaves nothing behind."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kbk import paths
from kbk.errors import KbkError
from kbk.grade import leftovers, sandbox
from kbk.grade.cancel import Cancelled, go_on
from kbk.grade.isolation import linux
from kbk.grade.watchdog import Limits as Limits
from kbk.grade.watchdog import Outcome as Outcome
from kbk.grade.watchdog import Watch
from kbk.paths import PACKAGE

_MAXIMUM_IDLE = 2
_PATIENCE = 10.0  # seconds in which a server ends what a submission left behind


class Server:
    """A process that forks workers (kbk.grade.server), one at a time."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.connection, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kbk.grade.server", str(theirs.fileno()), language],
            env=_environment(),
            cwd=PACKAGE.parent,  # not where a learner's json.py may lie
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._lines = self.connection.makefile("rb")

    def start(self, message: dict[str, Any], descriptors: list[int]) -> int:
        """Send a job; return the process of its worker."""
        socket.send_fds(self.connection, [json.dumps(message).encode()], descriptors)
        return int(self._answer()["process"])

    def status(self) -> int:
        """Exit status of the worker, which is gone or about to go; negative for a signal."""
        self.connection.settimeout(_PATIENCE)  # a submission may have stopped the server
        try:
            return int(self._answer()["status"])
        finally:
            self.connection.settimeout(None)

    def _answer(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("the process that starts workers has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._lines.close()
            self.connection.close()
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()


def _environment() -> dict[str, str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }
    root = str(PACKAGE.parent)
    path = os.environ.get("PYTHONPATH")
    environment.update(
        PYTHONPATH=f"{root}{os.pathsep}{path}" if path else root,
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONSAFEPATH="1",
        KBK_PROGRESS="0",
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        MKL_NUM_THREADS="1",
    )
    return environment


class _Pool:
    """Servers that wait for a job, by language and environment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[tuple[Any, ...], Server]] = []
        self.most = _MAXIMUM_IDLE

    @staticmethod
    def _key(language: str) -> tuple[Any, ...]:
        kept = ("KBK_", "PYTHON", "CXX", "PATH", "CUDA")
        ours = {k: v for k, v in os.environ.items() if k.startswith(kept)}
        ours.pop("KBK_GRADE_PATIENCE", None)
        return os.getpid(), language, *sorted(ours.items())

    def take(self, language: str) -> Server:
        key = self._key(language)
        with self._lock:
            for index, (kept, server) in enumerate(self._idle):
                if kept == key and server.process.poll() is None:
                    return self._idle.pop(index)[1]
        return Server(language)

    def give(self, server: Server) -> None:
        with self._lock:
            self._idle.append((self._key(server.language), server))
            spare = self._idle[: -self.most]
            self._idle = self._idle[-self.most :]
        for _, each in spare:
            each.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for key, server in idle:
            if key[0] == os.getpid():  # not those of a process that forked us
                server.close()


_pool = _Pool()
atexit.register(_pool.close)


def keep(count: int) -> None:
    """Let so many servers wait for jobs: who grades many at a time wants none to start anew."""
    _pool.most = max(count, _MAXIMUM_IDLE)


def prestart(language: str, count: int = 1) -> None:
    """Begin to import what workers need, while the caller does something else."""
    for server in [_pool.take(language) for _ in range(count)]:
        _pool.give(server)


def _scratch() -> tempfile.TemporaryDirectory[str]:
    leftovers.sweep_once()
    try:
        prefix = f"kbk-grade-{os.getpid()}-"
        return tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    except OSError as error:
        raise KbkError(f"a temporary folder is needed: {error}.") from error


def _put(file: Path, text: str) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        raise KbkError(f"{file.parent} must have room for a job: {error}.") from error


def _hidden() -> list[str]:
    """Where the learner's files lie, and those of whoever grades."""
    found = [str(paths.EXERCISES), os.environ.get("KBK_EXERCISES", "")]
    with contextlib.suppress(OSError):
        found.append(os.getcwd())
    return [os.path.abspath(each) for each in found if each]


_running = 0
_running_lock = threading.Lock()


@contextlib.contextmanager
def _unreadable() -> Iterator[None]:
    """While jobs run, no other process of this user may read the memory of this one."""
    global _running
    with _running_lock:
        _running += 1
        if _running == 1:
            linux.prctl(linux.DUMPABLE_SET, 0)
    try:
        yield
    finally:
        with _running_lock:
            _running -= 1
            if _running == 0:
                linux.prctl(linux.DUMPABLE_SET, 1)


def run_worker(
    job: dict[str, Any], arena: int | None, limits: Limits, outcome: Outcome | None = None
) -> Outcome:
    """Run a job to its end, or to the first limit that it passes.

    Args:
        job: see kbk.grade.worker.
        arena: descriptor of the shared memory, or None.
        limits: what it may use.
        outcome: is filled while the job runs, and returned; None: a new one.

    Raises:
        Cancelled: nobody waits for it any more; the worker and all that it started have ended.
    """
    go_on()
    outcome = Outcome() if outcome is None else outcome
    job = {"strict": True, **job, "sandbox": sandbox.level(), "hidden": _hidden()}
    with _scratch() as folder, _unreadable():
        _put(Path(folder) / "job.json", json.dumps(job))
        server = _pool.take(job["language"])
        events, events_in = os.pipe()
        printed, printed_in = os.pipe()
        passed = [events_in, printed_in] + ([] if arena is None else [arena])
        try:
            key = secrets.token_bytes(32)
            message = {"folder": folder, "file_bytes": limits.file, "key": key.hex()}
            outcome.ended = "unavailable"
            worker = server.start(message, passed)
            outcome.ended = "exit"
            os.close(events_in)
            os.close(printed_in)
            passed = []
            Watch(server, worker, events, printed, outcome, limits, folder, key).run()
        except (OSError, KeyError, ValueError):
            # A submission that ends the process above it gains nothing by that.
            if outcome.ended != "unavailable":
                outcome.ended, outcome.number = "signal", int(signal.SIGKILL)
            server.close()
        except BaseException:
            server.close()
            raise
        else:
            _pool.give(server)
        finally:
            for each in (events, printed, *passed[:2]):
                os.close(each)
    if outcome.ended == "cancelled":
        raise Cancelled(outcome)
    return outcome
