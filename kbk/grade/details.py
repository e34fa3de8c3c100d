"""What a verdict says beyond the evidence: who wrote wrong values, and which mistake it may be.

Both take a run of their own, so they come after the verdict, and a submission that passes does not
pay for them.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from kbk.grade import mistakes, writers
from kbk.grade.again import again
from kbk.grade.cancel import Cancelled, cancellable, go_on
from kbk.grade.exercise import Check, Exercise
from kbk.grade.report import CheckResult, Report

PATIENCE = 2.0
"""Seconds that `kbk check` waits for the details."""


_ENDED = ("hang", "cannot-grade")


def has_details(report: Report) -> bool:
    """Whether there may be more to say: a case ran to its end, and failed."""
    failed = report.failed
    if failed is None or failed.case is None or failed.gate or report.machine != "cpu":
        return False
    return report.verdict not in ("not-attempted", *_ENDED)


def detailed(exercise: Exercise, report: Report, patience: float | None = None) -> Report:
    """The report, with what was found out.

    Args:
        exercise: what was graded.
        report: of it.
        patience: seconds to wait; what takes longer is left out. None waits for everything.
    """
    failed = report.failed
    if failed is None or not has_details(report):
        return report
    check = next(each for each in exercise.checks if each.name == failed.name)
    found: dict[str, CheckResult] = {}

    def wrote() -> None:
        found["worst"] = _with_writers(exercise, report, check, failed)

    def looks_like() -> None:
        says = mistakes.diagnosis(exercise, report.source, check)
        found["diagnosis"] = replace(failed, diagnosis=says)

    _all([wrote, looks_like] if failed.worst else [looks_like], patience)
    result = failed
    if "worst" in found:
        told = found["worst"]
        result = replace(result, worst=told.worst, line=told.line)
    if "diagnosis" in found:
        result = replace(result, diagnosis=found["diagnosis"].diagnosis)
    return replace(
        report, checks=tuple(result if each is failed else each for each in report.checks)
    )


def _all(works: list[Callable[[], None]], patience: float | None) -> None:
    """Do all at the same time; one that fails has found nothing."""

    def quietly(work: Callable[[], None]) -> None:
        try:
            work()
        except (Exception, Cancelled):  # a detail; the verdict stands without it
            return

    late = threading.Event()
    with cancellable(late):
        threads = [
            threading.Thread(
                target=contextvars.copy_context().run, args=(quietly, each), daemon=True
            )
            for each in works
        ]
    deadline = None if patience is None else time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(None if deadline is None else max(deadline - time.monotonic(), 0))
    late.set()  # nobody waits for them any more: their workers end
    go_on()


def _with_writers(
    exercise: Exercise, report: Report, check: Check, failed: CheckResult
) -> CheckResult:
    """The result with who wrote each element, and the line that wrote the first of them."""
    asked = [(row.argument, row.flat) for row in failed.worst]
    with again(
        exercise, report.source, check, seed=report.seed, only=failed.case, writers=asked
    ) as (ran, _):
        answers = (ran[0].facts or {}).get("writers")
    if not isinstance(answers, list) or len(answers) != len(asked):
        return failed
    told = [writers.answer(each) for each in answers]
    rows = [replace(row, writer=each.text) for row, each in zip(failed.worst, told, strict=True)]
    line = next((each.line for each in told if each.line is not None), None)
    return replace(failed, worst=tuple(rows), line=line if failed.line is None else failed.line)
