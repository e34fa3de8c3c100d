"""What a class's grading shows while it runs, on stderr: a bar on a terminal, else lines."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_EVERY = 10.0
"""Seconds between lines in a log."""


class Shown:
    """Tells of a run.

    Args:
        total: jobs to do.
        quiet: say nothing.
    """

    def __init__(self, total: int, quiet: bool = False) -> None:
        self._total = total
        self._quiet = quiet
        self._done = 0
        self._begin = self._last = time.monotonic()
        self._bar: Progress | None = None
        console = Console(stderr=True, highlight=False)
        if console.is_terminal and not quiet and total:
            columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn())
            last = TextColumn("{task.description}", markup=False)
            self._bar = Progress(*columns, TimeElapsedColumn(), last, console=console)
            self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> Shown:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, what: str) -> None:
        """One more job is done; ``what`` says which."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=what)
            return
        now = time.monotonic()
        if now - self._last >= _EVERY and self._done < self._total:
            self._last = now
            self.say(f"graded {self._done:,} of {self._total:,} ({now - self._begin:.0f} s)")

    def say(self, sentence: str) -> None:
        """A line of its own."""
        if self._quiet:
            return
        if self._bar is not None and self._bar.live.is_started:
            self._bar.console.print(sentence, markup=False, soft_wrap=True)
        else:
            print(sentence, file=sys.stderr, flush=True)
