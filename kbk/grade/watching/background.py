"""Grades beside the loop, one submission at a time: the newest. What it replaces is cancelled."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from kbk.grade.cancel import cancellable

T = TypeVar("T")


class Background(Generic[T]):
    """Does one thing at a time, in a thread that ends with the process.

    Attributes:
        wake: a descriptor that can be read once something is done.
    """

    def __init__(self) -> None:
        self.wake, self._told = os.pipe()
        os.set_blocking(self.wake, False)
        self._lock = threading.Lock()
        self._running: int | None = None
        self._cancel = threading.Event()
        self._next: tuple[int, Callable[[], T]] | None = None
        self._done: list[tuple[int, T | BaseException]] = []
        self._number = 0

    @property
    def busy(self) -> bool:
        """Whether something runs or waits."""
        return self._running is not None

    def ask(self, work: Callable[[], T]) -> int:
        """Do this now: what runs is cancelled, and this begins as soon as that has cleaned up.

        Of several that wait for it, only the last is done.

        Returns:
            a number, by which `take` names its result.
        """
        with self._lock:
            self._number += 1
            self._next = self._number, work
            self._cancel.set()
            if self._running is None:
                self._begin()
            return self._number

    def drop(self) -> None:
        """Cancel what runs, and forget what waits."""
        with self._lock:
            self._next = None
            self._cancel.set()

    def take(self) -> tuple[int, T | BaseException] | None:
        """A result that has not been taken, with its number, or None."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake, 4096)
        with self._lock:
            return self._done.pop(0) if self._done else None

    def _begin(self) -> None:
        if self._next is None:
            self._running = None
            return
        (self._running, work), self._next = self._next, None
        self._cancel = threading.Event()
        # A daemon: quitting does not wait for a kernel that never ends.
        threading.Thread(
            target=self._run, args=(self._running, work, self._cancel), daemon=True
        ).start()

    def _run(self, number: int, work: Callable[[], T], cancel: threading.Event) -> None:
        result: T | BaseException
        try:
            with cancellable(cancel):
                result = work()
        except BaseException as error:
            result = error
        with self._lock:
            self._done.append((number, result))
            self._begin()
        os.write(self._told, b".")
