"""Run compilers side by side, not more than there are cores, and stop them all on Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import BuildError
from .cache import disk_full

_LEAVE = 2.0  # seconds that a stopped task gets


class Jobs:
    """Commands and tasks that stand or fall together."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(max(1, _cores()))
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, command: Sequence[str], folder: Path) -> None:
        """Run one compiler in `folder`.

        Raises:
            DiskFullError: it found no room.
            BuildError: it failed; the message ends with its first lines of output.
        """
        environment = {**os.environ, "LC_ALL": "C"}
        with self._slots:
            with self._lock:
                if self._stopped:
                    raise BuildError("The build was stopped.")
                process = subprocess.Popen(
                    list(command),
                    cwd=folder,
                    env=environment,
                    text=True,
                    errors="replace",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                self._running.add(process)
            output, _ = process.communicate()
            with self._lock:
                self._running.discard(process)
        if process.returncode == 0:
            return
        if "No space left on device" in output:
            raise disk_full()
        head = "\n".join(output.strip().splitlines()[:12])
        raise BuildError(f"{command[0]} failed (exit status {process.returncode}):\n{head}")

    def together(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run tasks in threads, wait for all, and raise the first task's error."""
        errors: list[BaseException | None] = [None] * len(tasks)
        # Not Thread.join(): once Ctrl-C interrupts it, Python takes the thread for ended (3.11).
        ended = [threading.Event() for _ in tasks]

        def work(index: int) -> None:
            try:
                tasks[index]()
            except BaseException as error:
                errors[index] = error
            finally:
                ended[index].set()

        started = 0
        try:
            for started in range(len(tasks)):
                threading.Thread(target=work, args=(started,), daemon=True).start()
            for each in ended:
                each.wait()
        except BaseException:
            self.stop()
            for each in ended[: started + 1]:
                each.wait(_LEAVE)  # time to remove its half-made folder
            raise
        for error in errors:
            if error is not None:
                raise error

    def stop(self) -> None:
        """End every command that runs, and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
