"""Makes workers by forking: ``python -m kbk.grade.server SOCKET LANGUAGE``.

It imports what a worker needs once, runs no submission itself, and goes when its client goes. One
job at a time: it receives a job and the descriptors for it, forks, answers with the process,
waits, ends whatever the submission left behind, and answers with the status.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import secrets
import select
import signal
import socket
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from kbk.errors import KbkError
from kbk.grade import sandbox

_SUBREAPER, _DEATH_SIGNAL = 36, 1  # of prctl
_TICK = 0.02
_HIGHEST = 1 << 12
"""Descriptors below are closed in the processes that wait for the worker (kbk.grade.sandbox)."""


def main(descriptor: int, language: str) -> None:
    """Serve until the client closes the socket."""
    # What torch's libraries start at import waits for work that only they could give.
    warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork.*")
    connection = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    _prctl(_SUBREAPER, 1)  # daemons of a submission become our children
    cache = _preload() if language == "cu" else ""
    refused = ""
    if sandbox.level() == "auto":
        refused = sandbox.why_no_spaces(cache)
    while True:
        try:
            data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 3)
        except OSError:
            return
        if not data:
            return
        message = json.loads(data)
        worker = os.fork()
        if worker == 0:
            connection.close()
            _work(message, descriptors, refused)
        for each in descriptors:
            os.close(each)
        _tell(connection, {"process": worker})
        status = _wait(worker, connection)
        end_descendants(os.getpid())
        _tell(connection, {"status": status})


def _preload() -> str:
    """Import; return the build cache."""
    import torch

    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    import kbk.build
    import kbk.build.machines
    import kbk.grade.checkers
    import kbk.grade.counters
    import kbk.grade.isolation.compiler
    import kbk.grade.isolation.lines
    import kbk.grade.shown
    import kbk.grade.worker
    import kbk.sanitizer.places
    import kbk.sanitizer.session
    import kbk.sim.trace  # noqa: F401

    if torch.version.cuda is None:  # else it asks for GPUs, and CUDA survives no fork after that
        import torch.utils.cpp_extension
    from kbk.build.cache import cache_dir

    with contextlib.suppress(KbkError):  # told when something is built
        return str(cache_dir())
    return ""


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _tell(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def _wait(worker: int, connection: socket.socket) -> int:
    """Status of the worker as Popen has it: negative for a signal. Ends it if the client goes."""
    while True:
        done, status = os.waitpid(worker, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        ready, _, _ = select.select([connection], [], [], _TICK)
        if ready:  # nothing is sent meanwhile: the client is gone
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
            end_descendants(os.getpid())
            os._exit(0)


def _work(message: dict[str, Any], descriptors: list[int], refused: str) -> None:
    """The life of a worker, in the forked process."""
    status = 1
    try:
        _prctl(_DEATH_SIGNAL, signal.SIGKILL)
        os.setsid()
        events, printed = descriptors[:2]
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (printed, 1), (printed, 2)):
            os.dup2(source, target)
        os.close(printed)
        events = _moved(events)
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, message["file_bytes"])
        from kbk.grade import channel, worker

        arena = descriptors[2] if len(descriptors) > 2 else None
        emit = channel.writer(events, bytes.fromhex(message.pop("key")))
        worker.main(message["folder"], emit, arena, refused)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _moved(descriptor: int) -> int:
    """The same pipe under a number that is drawn: nobody writes to it by chance or by habit."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    top = min(_HIGHEST, most) if most != resource.RLIM_INFINITY else _HIGHEST
    while True:
        number = top // 4 + secrets.randbelow(top - top // 4)
        try:
            os.fstat(number)
        except OSError:
            os.dup2(descriptor, number, inheritable=False)
            os.close(descriptor)
            return number


def _limit(kind: int, value: int) -> None:
    _, most = resource.getrlimit(kind)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(kind, (value, value))


def descendants(ancestor: int) -> list[int]:
    """Processes that descend from ``ancestor`` and have not ended."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir() if Path("/proc/self/stat").exists() else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    parents[int(entry.name)] = int(fields[1])
    found, front = [], {ancestor}
    while front:
        front = {process for process, parent in parents.items() if parent in front}
        found += sorted(front)
    return found


def end_descendants(ancestor: int) -> None:
    """End them all, also those that appear meanwhile, and those that left their session."""
    for _ in range(200):
        left = descendants(ancestor)
        for each in left:
            with contextlib.suppress(OSError):
                os.kill(each, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(0.005)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
