"""Runs a worker, listens to it, and ends it with all that it started if it takes too long."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kbk.paths import PACKAGE

_TAIL = 2000  # characters of what a worker printed that are kept
_MOST_STARTS = 12  # of a file: each may die of another call


@dataclass(frozen=True)
class Limits:
    """What a worker may take.

    Attributes:
        build: seconds for its start and each build; the first on a machine makes headers too.
        case: seconds for a case; the first one under kbk.sanitize waits for a compiler's warnings.
        launch: seconds after which the simulator ends a launch, and says where it was.
    """

    build: float = 300.0
    case: float = 300.0
    launch: float = 60.0


@dataclass
class Outcome:
    """What workers have told about a file.

    Attributes:
        events: in order, of all workers.
        deaths: (phase, case) -> how the worker ended in it, "hang" or "crash", and in words.
        died: the same of a worker that ended outside of all cases, or None.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    deaths: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    died: tuple[str, str] | None = None


def watch(job: dict[str, Any], limits: Limits, told: Callable[[dict[str, Any]], None]) -> Outcome:
    """Do a job, with a new worker after each call that ended one.

    Args:
        job: see kbk.upstream.worker; without "begun" and "launch_seconds".
        limits: of time.
        told: hears of each event.
    """
    outcome = Outcome()
    for _ in range(_MOST_STARTS):
        begun = [
            (each["phase"], each["case"]) for each in outcome.events if each["event"] == "begin"
        ]
        worker = _Worker({**job, "begun": begun, "launch_seconds": limits.launch}, limits, told)
        how = worker.run()
        outcome.events += worker.events
        if how is None:
            break
        if worker.current is None:
            outcome.died = how
            break
        outcome.deaths[worker.current] = how
    return outcome


class _Worker:
    """One process.

    Attributes:
        events: what it has told.
        current: the phase and case that it is in.
    """

    def __init__(
        self, job: dict[str, Any], limits: Limits, told: Callable[[dict[str, Any]], None]
    ) -> None:
        self._job = job
        self._limits = limits
        self._told = told
        self.events: list[dict[str, Any]] = []
        self.current: tuple[str, str] | None = None

    def run(self) -> tuple[str, str] | None:
        """None if it did all it had to; else "hang" or "crash", and in words."""
        reading, writing = os.pipe()
        with tempfile.TemporaryFile() as printed:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-m", "kbk.upstream.worker", str(writing)],
                    stdin=subprocess.PIPE,
                    stdout=printed,
                    stderr=printed,
                    pass_fds=[writing],
                    env=_environment(),
                    cwd=PACKAGE.parent,  # not where a json.py of the user may lie
                    start_new_session=True,
                )
            except BaseException:
                os.close(reading)
                raise
            finally:
                os.close(writing)
            try:
                return self._listen(process, reading) or self._ended(process, printed)
            finally:
                _end(process)
                os.close(reading)

    def _listen(self, process: subprocess.Popen[bytes], reading: int) -> tuple[str, str] | None:
        """Read what it tells, until it ends or takes too long."""
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(self._job).encode())
            process.stdin.close()
        partial, last = b"", time.monotonic()
        while True:
            limit = self._limits.build if self.current is None else self._limits.case
            left = last + limit - time.monotonic()
            ready, _, _ = select.select([reading], [], [], max(left, 0))
            if not ready:
                where = "it" if self.current else "the build"
                return "hang", f"{where} did not end within {limit:g} seconds"
            data = os.read(reading, 1 << 16)
            if not data:
                return None
            *lines, partial = (partial + data).split(b"\n")
            for line in lines:
                last = time.monotonic()
                self._take(json.loads(line))

    def _take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event["event"] == "begin":
            self.current = event["phase"], event["case"]
        elif event["event"] == "end":
            self.current = None
        self._told(event)

    def _ended(self, process: subprocess.Popen[bytes], printed: Any) -> tuple[str, str] | None:
        """How it ended, of a worker that tells no more."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        if self.events and self.events[-1]["event"] in ("done", "stopped"):
            return None
        status = process.poll()
        if status is not None and status < 0:
            how = f"the process ended with signal {signal.Signals(-status).name}"
        else:
            how = f"the process ended with status {status}"
        size = printed.seek(0, os.SEEK_END)
        printed.seek(max(size - _TAIL, 0))
        tail = printed.read().decode(errors="replace").strip()
        return "crash", f"{how}: {tail}" if tail else how


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and the compilers that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


def _environment() -> dict[str, str]:
    path = os.environ.get("PYTHONPATH")
    root = str(PACKAGE.parent)
    return {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{path}" if path else root,
        "KBK_PROGRESS": "0",
    }
