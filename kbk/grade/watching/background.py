"""Grades beside the loop, one submission at a time; what was asked for meanwhile comes after it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

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
        self._next: tuple[int, Callable[[], T]] | None = None
        self._done: list[tuple[int, T | BaseException]] = []
        self._number = 0

    @property
    def busy(self) -> bool:
        """Whether something runs or waits."""
        return self._running is not None

    def ask(self, work: Callable[[], T]) -> int:
        """Do this now, or after what runs now; only the last that waits is done.

        Returns:
            a number, by which `take` names its result.
        """
        with self._lock:
            self._number += 1
            self._next = self._number, work
            if self._running is None:
                self._begin()
            return self._number

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
        # A daemon: quitting does not wait for a kernel that never ends.
        threading.Thread(target=self._run, args=(self._running, work), daemon=True).start()

    def _run(self, number: int, work: Callable[[], T]) -> None:
        result: T | BaseException
        try:
            result = work()
        except BaseException as error:
            result = error
        with self._lock:
            self._done.append((number, result))
            self._begin()
        os.write(self._told, b".")
