"""Does many gradings at the same time, and lets nobody wait for one that hangs.

Three rules: what has run for SLOW seconds does not count against the number at once any more
(twice that number run at most); a student one of whose texts hung comes last from then on; and each
grading has limits of its own on time (kbk.grade.watchdog).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kbk.grade.exercise import Exercise

SLOW = 6.0
"""Seconds; a grading takes one or two."""
PATIENCE = 10.0
"""Seconds that gradings have to end once a stop is asked for."""
_TICK = 0.2
_LATE = ("hang", "compile-timeout")


@dataclass
class Job:
    """A text to grade, once for all who handed it in.

    Attributes:
        key: names its result (kbk.grade.batch.keys).
        exercise, text: what is graded.
        students: who handed it in.
    """

    key: str
    exercise: Exercise
    text: str = field(repr=False)
    students: list[str] = field(default_factory=list)


Result = dict[str, Any]


class Schedule:
    """Jobs, done in threads.

    Args:
        work: does a job; what it raises ends the run.
        done: is told of each result, in the thread that calls `run`.
        at_once: how many run at a time.
    """

    def __init__(
        self, work: Callable[[Job], Result], done: Callable[[Job, Result], None], at_once: int
    ) -> None:
        self._work = work
        self._done = done
        self._at_once = at_once
        self._results: queue.SimpleQueue[tuple[Job, Result | BaseException]] = queue.SimpleQueue()
        self._begun: dict[str, float] = {}
        self._late: set[str] = set()

    def run(self, jobs: Sequence[Job]) -> None:
        """Do them all.

        Raises:
            KeyboardInterrupt: a stop was asked for. What ended within PATIENCE has been told.
        """
        pending = list(jobs)
        try:
            while pending or self._begun:
                while pending and self._has_room():
                    self._start(pending.pop(self._next(pending)))
                self._take(_TICK)
        except KeyboardInterrupt:
            self._finish()
            raise

    def _has_room(self) -> bool:
        now = time.monotonic()
        quick = sum(now - begin < SLOW for begin in self._begun.values())
        return quick < self._at_once and len(self._begun) < 2 * self._at_once

    def _next(self, pending: Sequence[Job]) -> int:
        for at, job in enumerate(pending):
            if not self._late.issuperset(job.students):
                return at
        return 0

    def _start(self, job: Job) -> None:
        def run() -> None:
            try:
                self._results.put((job, self._work(job)))
            except BaseException as error:  # told where it can be seen, or nobody would end
                self._results.put((job, error))

        self._begun[job.key] = time.monotonic()
        # Daemons: one that hangs does not keep the program from ending.
        threading.Thread(target=run, daemon=True, name=f"grade {job.exercise.id}").start()

    def _take(self, patience: float) -> None:
        try:
            job, result = self._results.get(timeout=patience)
        except queue.Empty:
            return
        del self._begun[job.key]
        if isinstance(result, BaseException):
            raise result
        if any(check["verdict"] in _LATE for check in result["checks"]):
            self._late.update(job.students)
        self._done(job, result)

    def _finish(self) -> None:
        deadline = time.monotonic() + PATIENCE
        try:
            while self._begun and time.monotonic() < deadline:
                self._take(_TICK)
        except KeyboardInterrupt:  # asked for again
            return
