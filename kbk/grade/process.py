"""Starts a worker, watches its time, memory and output, and leaves nothing of it behind."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kbk.paths import PACKAGE

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
    """

    build: float = 120.0
    case: float = 5.0
    memory: int = 3 << 30
    file: int = 1 << 30

    @staticmethod
    def here() -> Limits:
        """The limits in force: ``KBK_GRADE_PATIENCE=3`` gives three times the seconds."""
        factor = float(os.environ.get("KBK_GRADE_PATIENCE", "1"))
        return Limits(build=120.0 * factor, case=5.0 * factor)


@dataclass
class Outcome:
    """What a worker reported, and how it ended.

    Attributes:
        events: its reports, in order.
        ended: "done", "exit", "signal", "build-time", "case-time", "memory" or "output".
        number: exit status or signal.
        printed: what the submission printed.
        seconds: how long it ran.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    ended: str = "exit"
    number: int = 0
    printed: str = ""
    seconds: float = 0.0


def run_worker(job: dict[str, Any], arena: int | None, limits: Limits) -> Outcome:
    """Run a job to its end, or to the first limit that it passes.

    Args:
        job: see kbk.grade.worker.
        arena: descriptor of the shared memory, or None.
        limits: what it may use.
    """
    token = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="kbk-grade-") as folder:
        (Path(folder) / "job.json").write_text(json.dumps(job))
        reader, writer = os.pipe()
        passed = [writer] if arena is None else [writer, arena]
        command = [sys.executable, "-m", "kbk.grade.worker", f"{folder}/job.json", str(writer)]
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder, token),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=passed,
            start_new_session=True,
            preexec_fn=lambda: _limit(limits),
        )
        os.close(writer)
        outcome = Outcome()
        try:
            _watch(process, reader, outcome, limits)
        finally:
            _kill(process.pid, token)
            process.wait()
            os.close(reader)
            if process.stdout:
                process.stdout.close()
        return outcome


def _environment(folder: str, token: str) -> dict[str, str]:
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
        TMPDIR=folder,
        KBK_GRADE_TOKEN=token,
    )
    return environment


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = limits.file if most == resource.RLIM_INFINITY else min(limits.file, most)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


def _watch(process: subprocess.Popen[bytes], reader: int, outcome: Outcome, limits: Limits) -> None:
    assert process.stdout is not None
    selector = selectors.DefaultSelector()
    selector.register(reader, selectors.EVENT_READ, "events")
    selector.register(process.stdout, selectors.EVENT_READ, "printed")
    begin = last = time.monotonic()
    received, printed, size = b"", b"", 0
    checked = begin
    while "events" in {key.data for key in selector.get_map().values()}:
        for key, _ in selector.select(0.05):
            data = os.read(key.fd, 1 << 16)
            if not data:
                selector.unregister(key.fileobj)
            elif key.data == "printed":
                printed = (printed + data)[:OUTPUT_BYTES]
            else:
                received, size, last = received + data, size + len(data), time.monotonic()
                *lines, received = received.split(b"\n")
                outcome.events += [event for line in lines if (event := _event(line))]
        now = time.monotonic()
        built = any(event["event"] == "built" for event in outcome.events)
        if outcome.events and outcome.events[-1]["event"] == "done":
            outcome.ended = "done"
            break
        if not built and now - begin > limits.build:
            outcome.ended = "build-time"
            break
        # The simulator ends a launch itself, and says where: this is for what it cannot end.
        if built and now - last > limits.case + 3:
            outcome.ended = "case-time"
            break
        if size > _EVENT_BYTES:
            outcome.ended = "output"
            break
        if now - checked > 0.1:
            checked = now
            if _resident(process.pid) > limits.memory:
                outcome.ended = "memory"
                break
    else:
        status = process.wait()
        outcome.ended, outcome.number = ("signal", -status) if status < 0 else ("exit", status)
    outcome.seconds = time.monotonic() - begin
    outcome.printed = _last_words(process, printed).decode(errors="replace")


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def _last_words(process: subprocess.Popen[bytes], printed: bytes) -> bytes:
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    with contextlib.suppress(OSError):
        printed += os.read(process.stdout.fileno(), OUTPUT_BYTES)
    return printed[:OUTPUT_BYTES]


def _members(leader: int, token: str) -> list[int]:
    """Processes of the leader's session, or that inherited the token of this run."""
    found = []
    mark = f"KBK_GRADE_TOKEN={token}".encode() if token else None
    for entry in Path("/proc").iterdir() if Path("/proc/self/stat").exists() else ():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            ours = int(fields[3]) == leader
            if not ours and mark is not None:
                ours = mark in (entry / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError, ValueError):
            continue
        if ours:
            found.append(int(entry.name))
    return found


def _resident(leader: int) -> int:
    page = resource.getpagesize()
    total = 0
    for process in _members(leader, ""):
        with contextlib.suppress(OSError, IndexError, ValueError):
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * page
    return total


def _kill(leader: int, token: str) -> None:
    """Ends the worker and whatever it started, also what left its session."""
    with contextlib.suppress(OSError):
        os.killpg(leader, signal.SIGKILL)
    for _ in range(100):
        left = [each for each in _members(leader, token) if not _is_zombie(each)]
        if not left:
            return
        for each in left:
            with contextlib.suppress(OSError):
                os.kill(each, signal.SIGKILL)
        time.sleep(0.01)


def _is_zombie(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    except (OSError, IndexError):
        return True
