"""Has a job run in a worker, watches time, memory and output, and leaves nothing behind."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kbk.errors import ArgumentError, KbkError
from kbk.grade.server import descendants
from kbk.paths import PACKAGE

OUTPUT_BYTES = 64 << 10
"""How much of what a submission prints is kept."""
_EVENT_BYTES = 64 << 20
_MAXIMUM_IDLE = 2
_PATIENCE = 10.0  # seconds in which a server ends what a submission left behind


@dataclass(frozen=True)
class Limits:
    """What a worker may use.

    Attributes:
        build: seconds for start and compiling; the first build on a machine makes headers too.
        case: seconds for a case.
        memory: bytes resident, over all its processes.
        file: bytes of one file.
    """

    build: float = 120.0
    case: float = 5.0
    memory: int = 3 << 30
    file: int = 1 << 30

    @staticmethod
    def here() -> Limits:
        """The limits in force: ``KBK_GRADE_PATIENCE=3`` gives three times the seconds."""
        given = os.environ.get("KBK_GRADE_PATIENCE", "1")
        try:
            factor = float(given)
        except ValueError:
            factor = 0.0
        if not 0 < factor < math.inf:
            raise ArgumentError(f"KBK_GRADE_PATIENCE must be a number above 0; it was {given!r}.")
        return Limits(build=120.0 * factor, case=5.0 * factor)


@dataclass
class Outcome:
    """What a worker reported, and how it ended.

    Attributes:
        events: its reports, in order.
        ended: "done", "exit", "signal", "build-time", "case-time", "memory", "output", or
            "unavailable": no worker could be started.
        number: exit status or signal.
        printed: what the submission printed.
        seconds: how long it ran.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    ended: str = "exit"
    number: int = 0
    printed: str = ""
    seconds: float = 0.0


class _Server:
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
        self._idle: list[tuple[tuple[Any, ...], _Server]] = []

    @staticmethod
    def _key(language: str) -> tuple[Any, ...]:
        kept = ("KBK_", "PYTHON", "CXX", "PATH", "CUDA")
        ours = {k: v for k, v in os.environ.items() if k.startswith(kept)}
        ours.pop("KBK_GRADE_PATIENCE", None)
        return os.getpid(), language, *sorted(ours.items())

    def take(self, language: str) -> _Server:
        key = self._key(language)
        with self._lock:
            for index, (kept, server) in enumerate(self._idle):
                if kept == key and server.process.poll() is None:
                    return self._idle.pop(index)[1]
        return _Server(language)

    def give(self, server: _Server) -> None:
        with self._lock:
            self._idle.append((self._key(server.language), server))
            spare = self._idle[:-_MAXIMUM_IDLE]
            self._idle = self._idle[-_MAXIMUM_IDLE:]
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


def prestart(language: str, count: int = 1) -> None:
    """Begin to import what workers need, while the caller does something else."""
    for server in [_pool.take(language) for _ in range(count)]:
        _pool.give(server)


def _scratch() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="kbk-grade-", ignore_cleanup_errors=True)
    except OSError as error:
        raise KbkError(f"a temporary folder is needed: {error}.") from error


def _put(file: Path, text: str) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        raise KbkError(f"{file.parent} must have room for a job: {error}.") from error


def run_worker(job: dict[str, Any], arena: int | None, limits: Limits) -> Outcome:
    """Run a job to its end, or to the first limit that it passes.

    Args:
        job: see kbk.grade.worker.
        arena: descriptor of the shared memory, or None.
        limits: what it may use.
    """
    outcome = Outcome()
    with _scratch() as folder:
        _put(Path(folder) / "job.json", json.dumps(job))
        server = _pool.take(job["language"])
        events, events_in = os.pipe()
        printed, printed_in = os.pipe()
        passed = [events_in, printed_in] + ([] if arena is None else [arena])
        try:
            message = {"folder": folder, "file_bytes": limits.file}
            outcome.ended = "unavailable"
            worker = server.start(message, passed)
            outcome.ended = "exit"
            os.close(events_in)
            os.close(printed_in)
            passed = []
            _Watch(server, worker, events, printed, outcome, limits).run()
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
    return outcome


class _Watch:
    """One worker, from its start to its end."""

    def __init__(
        self,
        server: _Server,
        worker: int,
        events: int,
        printed: int,
        outcome: Outcome,
        limits: Limits,
    ) -> None:
        self.server = server
        self.worker = worker
        self.outcome = outcome
        self.limits = limits
        self.printed = b""
        self.partial = b""
        self.size = 0
        self.begin = self.last = self.weighed = time.monotonic()
        self.selector = selectors.DefaultSelector()
        self.selector.register(events, selectors.EVENT_READ, self._take_events)
        self.selector.register(printed, selectors.EVENT_READ, self._take_printed)
        self.events, self.output = events, printed

    def run(self) -> None:
        """Watch until the worker is done, gone or too much; then make sure that it is gone."""
        ended = None
        try:
            while ended is None and self.events in self.selector.get_map():
                self._read(0.05)
                ended = self._beyond()
        finally:
            with contextlib.suppress(OSError):
                if ended not in (None, "done"):
                    os.kill(self.worker, signal.SIGKILL)
                elif ended == "done":  # it has nothing to do but to go
                    self._let_go()
        status = self.server.status()
        self._read(0)
        if ended is None:
            ended = "signal" if status < 0 else "exit"
            self.outcome.number = abs(status)
        self.outcome.ended = ended
        self.outcome.seconds = time.monotonic() - self.begin
        self.outcome.printed = self.printed.decode(errors="replace")

    def _let_go(self) -> None:
        deadline = time.monotonic() + 1
        while self.events in self.selector.get_map() and time.monotonic() < deadline:
            self._read(0.02)
        os.kill(self.worker, signal.SIGKILL)

    def _read(self, patience: float) -> None:
        for key, _ in self.selector.select(patience):
            data = os.read(key.fd, 1 << 16)
            if data:
                key.data(data)
            else:
                self.selector.unregister(key.fileobj)

    def _take_printed(self, data: bytes) -> None:
        self.printed = (self.printed + data)[:OUTPUT_BYTES]

    def _take_events(self, data: bytes) -> None:
        self.size += len(data)
        self.last = time.monotonic()
        *lines, self.partial = (self.partial + data).split(b"\n")
        self.outcome.events += [event for line in lines if (event := _event(line))]

    def _beyond(self) -> str | None:
        """The limit that is passed, or "done"."""
        now = time.monotonic()
        events = self.outcome.events
        if events and events[-1]["event"] == "done":
            return "done"
        built = any(event["event"] == "built" for event in events)
        if not built and now - self.begin > self.limits.build:
            return "build-time"
        # The simulator ends a launch itself, and says where: this is for what it cannot end.
        if built and now - self.last > self.limits.case + 3:
            return "case-time"
        if self.size > _EVENT_BYTES:
            return "output"
        if now - self.weighed > 0.1:
            self.weighed = now
            if self._resident() > self.limits.memory:
                return "memory"
        return None

    def _resident(self) -> int:
        total = 0
        for process in descendants(self.server.process.pid):
            with contextlib.suppress(OSError, IndexError, ValueError):
                total += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return total * resource.getpagesize()


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
