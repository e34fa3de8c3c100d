"""The two runs of a submission, plain and traced, and the results of both together."""

from __future__ import annotations

import contextvars
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kbk.grade import checked, timed
from kbk.grade.cancel import cancellable, go_on
from kbk.grade.cases import Case
from kbk.grade.exercise import Check
from kbk.grade.judge import Fault
from kbk.grade.report import CheckResult
from kbk.grade.results import Item, not_run, result_of, stopped

if TYPE_CHECKING:
    from kbk.grade.grader import Run

_TRACED = 4.0
"""Times the seconds for a case, where each access is looked at."""


def graded(answers: Run, traced: Run, checks: list[Check]) -> list[CheckResult]:
    """Results in the order of the checks; those about cost count only if every answer is right."""
    gates = [check for check in checks if check.gate]
    others = [check for check in checks if not check.gate]
    refusal = answers.refusal()
    if refusal is not None:
        return _in_order(checks, stopped(others or gates, refusal))
    items = answers.items(others)
    twins, costs = _twins(traced, items, gates)
    _run_both(answers, items, traced, twins, costs)
    unbuilt = answers.build_fault or (traced.build_fault if twins or costs else None)
    if unbuilt is not None:  # the traced one too: what cannot be checked is not right
        return _in_order(checks, stopped(others or gates, unbuilt))
    _combine(items, twins)
    results = [result_of(each, [item for item in items if item.check is each]) for each in others]
    if all(result.ok for result in results):
        if answers.machine in timed.MACHINES:
            results += timed.results(answers, gates)
        else:
            of = {each.name: [item for item in costs if item.check is each] for each in gates}
            results += [result_of(each, of[each.name]) for each in gates if of[each.name]]
    return _in_order(checks, results)


def _run_both(
    answers: Run, items: list[Item], traced: Run, twins: dict[int, Item], costs: list[Item]
) -> None:
    """Run the answers, and beside them what is traced: both builds take as long, on two cores."""
    enough = threading.Event()
    traced.patience, traced.keeps = _TRACED, True

    def beside() -> None:
        with cancellable(enough):
            traced.finish([*twins.values(), *costs])

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(contextvars.copy_context().run, beside)
        try:
            answers.finish(items)
            turn = {at: (each.check.name in answers.apart, at) for at, each in enumerate(items)}
            hangs = [turn[at] for at, each in enumerate(items) if each.fault and _hangs(each.fault)]
            if hangs:  # what comes before it counts; there, the slower run hangs as well
                before = sum(turn[at] < min(hangs) for at in twins)
                while not going.done() and traced.ended_cases() < before:
                    go_on()
                    time.sleep(0.02)
            if hangs or answers.build_fault is not None:
                enough.set()
        except BaseException:
            enough.set()
            raise
        going.result()
    go_on()


def _hangs(fault: Fault) -> bool:
    return fault.verdict == "hang"


def _in_order(checks: list[Check], results: list[CheckResult]) -> list[CheckResult]:
    """A result for each check: a check without one has not run."""
    found = {result.name: result for result in results}
    return [found.get(check.name) or not_run(check) for check in checks]


def _twins(run: Run, items: list[Item], gates: list[Check]) -> tuple[dict[int, Item], list[Item]]:
    """What runs in the traced build: cases of the answers under the checkers, and those of gates.

    A GPU has no trace: there, neither runs.

    Returns:
        the first by the number of their item, and the second.
    """
    if run.machine != "cpu" or run.exercise.suffix != ".cu":
        return {}, []
    costs = run.items(gates)
    groups: dict[str, list[Item]] = {}
    for item in (*items, *costs):
        if isinstance(item.case, Case) and item.check.sanitize:
            groups.setdefault(item.check.name, []).append(item)
    numbers = checked.chosen([[each.case for each in group] for group in groups.values()])  # type: ignore[misc]
    chosen = {
        id(group[number])
        for group, mine in zip(groups.values(), numbers, strict=True)
        for number in mine
    }
    for item in costs:
        item.checked = id(item) in chosen
    twins = {
        at: Item(item.check, item.case, checked=True)
        for at, item in enumerate(items)
        if id(item) in chosen
    }
    return twins, costs


def _combine(items: list[Item], twins: dict[int, Item]) -> None:
    """Let each case have what the checkers found; one that they did not come to has not run."""
    for at, twin in twins.items():
        items[at].fault = checked.combined(items[at].fault, twin.fault)
        if twin.facts is None and twin.fault is None:
            items[at].facts = None
