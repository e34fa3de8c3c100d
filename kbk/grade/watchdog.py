"""Watches one worker: its reports, what it prints, its time, memory, disk and processes."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import selectors
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbk.errors import ArgumentError
from kbk.grade.cancel import cancelled
from kbk.grade.channel import Reader
from kbk.grade.isolation.view import DISK_FILES
from kbk.grade.server import descendants

if TYPE_CHECKING:
    from kbk.grade.process import Server

OUTPUT_BYTES = 64 << 10
"""How much of what a submission prints is kept."""
_EVENT_BYTES = 64 << 20


@dataclass(frozen=True)
class Limits:
    """What a worker may use.

    Attributes:
        build: seconds for start and compiling; the first build on a machine makes headers too.
        case: seconds for a case.
        memory: bytes resident, over all its processes.
        file: bytes of one file.
        disk: bytes of all its files, where there is no memory disk.
        processes: how many there may be at once, compilers included.
    """

    build: float = 120.0
    case: float = 5.0
    memory: int = 3 << 30
    file: int = 1 << 30
    disk: int = 512 << 20
    processes: int = 48

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
        ended: "done", "exit", "signal", "build-time", "case-time", "memory", "output",
            "processes", "disk", "forged": what came was not all its own, and nothing of it counts;
            "cancelled": nobody waits for it any more (kbk.grade.cancel), or
            "unavailable": no worker could be started.
        number: exit status or signal.
        printed: what the submission printed.
        seconds: how long it ran.
        isolation: which walls stood around it.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    ended: str = "exit"
    number: int = 0
    printed: str = ""
    seconds: float = 0.0
    isolation: str = ""


class Watch:
    """One worker, from its start to its end."""

    def __init__(
        self,
        server: Server,
        worker: int,
        events: int,
        printed: int,
        outcome: Outcome,
        limits: Limits,
        folder: str,
        key: bytes,
    ) -> None:
        self.folder = folder
        self.server = server
        self.worker = worker
        self.outcome = outcome
        self.limits = limits
        self.printed = b""
        self.reader = Reader(key, server.language)
        self.size = 0
        self.begin = self.last = self.weighed = self.measured = time.monotonic()
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
        # Told twice before a submission could: when it is compiled, and when it is about to run.
        told = [e.get("text") for e in self.outcome.events if e["event"] == "isolation"][:2]
        self.outcome.isolation = str(told[-1]) if told else ""
        status = self.server.status()
        self._read(0)
        if self.reader.broken:
            self.outcome.events.clear()
            ended = ended if ended == "cancelled" else "forged"
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
        self.outcome.events += self.reader.take(data)

    def _beyond(self) -> str | None:
        """The limit that is passed, or "done"."""
        now = time.monotonic()
        events = self.outcome.events
        if self.reader.broken:
            return "forged"
        if events and events[-1]["event"] == "done":
            return "done"
        if cancelled():
            return "cancelled"
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
            return self._too_much(now)
        return None

    def _too_much(self, now: float) -> str | None:
        alive = descendants(self.server.process.pid)
        if len(alive) > self.limits.processes:
            return "processes"
        if self._resident(alive) > self.limits.memory:
            return "memory"
        if now - self.measured > 0.5:
            self.measured = now
            if not self._fits_on_disk():
                return "disk"
        return None

    def _fits_on_disk(self) -> bool:
        """Whether the folder of the job is small; that of a memory disk is another one."""
        total = count = 0
        for folder, _, files in os.walk(self.folder):
            for name in files:
                count += 1
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            if total > self.limits.disk or count > DISK_FILES:
                return False
        return True

    def _resident(self, processes: list[int]) -> int:
        total = 0
        for process in processes:
            with contextlib.suppress(OSError, IndexError, ValueError):
                total += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return total * resource.getpagesize()
