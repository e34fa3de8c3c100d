"""From what became of the cases of a check to its result."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from kbk.grade.cases import Ask, Case
from kbk.grade.exercise import Check
from kbk.grade.judge import Fault
from kbk.grade.report import CheckResult


@dataclass
class Item:
    """A case, its check, and what became of it.

    Attributes:
        check, case: what is asked.
        checked: whether it runs under the checkers, in the traced build.
        facts: what the worker reported of it; None if it did not end.
        fault: why it failed.
    """

    check: Check
    case: Case | Ask
    checked: bool = False
    facts: dict[str, Any] | None = None
    fault: Fault | None = None


def result_of(check: Check, items: list[Item]) -> CheckResult:
    """The result of a check from its cases, in order."""
    faulty = _telling([item for item in items if item.fault is not None])
    missing = any(item.fault is None and item.facts is None for item in items)
    passed = sum(item.fault is None and item.facts is not None for item in items)
    if faulty is None and not missing:
        return CheckResult(
            check.name, "pass", check.points, check.points, check.gate, len(items), passed
        )
    if faulty is None or faulty.fault is None:
        return replace(not_run(check), cases=len(items), passed=passed)
    fault = faulty.fault
    text = fault.text
    if isinstance(faulty.case, Case) and faulty.case.label:
        text = f"{faulty.case.function}, {faulty.case.label}: {text}"
    earned = 0
    if check.gate and passed + sum(item.fault is not None for item in items) == len(items):
        credit = min((item.fault.credit for item in items if item.fault), default=1.0)
        earned = max(min(math.ceil(check.points * credit), check.points - 1), 0)  # missed
    return CheckResult(
        check.name,
        fault.verdict,
        check.points,
        earned,
        check.gate,
        len(items),
        passed,
        text,
        fault.line,
        case=next(at for at, each in enumerate(items) if each is faulty),
        worst=fault.worst,
    )


def _telling(items: list[Item]) -> Item | None:
    """The first case that failed, or a later one with the same verdict that knows the line."""
    first = items[0] if items else None
    if first is None or first.fault is None or first.fault.line is not None:
        return first
    same = [item for item in items if item.fault and item.fault.verdict == first.fault.verdict]
    return next((item for item in same if item.fault and item.fault.line is not None), first)


def not_run(check: Check) -> CheckResult:
    """The result of a check that did not come to its turn."""
    return CheckResult(check.name, "not-run", check.points, 0, check.gate)


def faulted(check: Check, fault: Fault) -> CheckResult:
    """The result of a check of which no case ran."""
    return CheckResult(
        check.name, fault.verdict, check.points, 0, check.gate, message=fault.text, line=fault.line
    )


def stopped(checks: list[Check], fault: Fault) -> list[CheckResult]:
    """Of checks of which nothing ran: the first has the fault."""
    return [*(faulted(each, fault) for each in checks[:1]), *map(not_run, checks[1:])]
