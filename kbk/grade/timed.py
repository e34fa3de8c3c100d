"""What a GPU says of cost: the time of a submission beside that of the reference.

A GPU counts no accesses, so there the checks about cost, whose points the simulator gives for
counters, give the same points for time: each machine has its own evidence for the same thing. The
time is never an absolute one. It is compared with that of the solution, in the same process on the
same GPU (kbk.grade.timing): all points up to FULL times, none from NONE times on, and in between in
proportion. Of several cases the worst counts. An exercise declares what is timed
(`Exercise.timed`), at a realistic size; without that, its checks about cost are not run on a GPU.
"""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from kbk.errors import ArgumentError
from kbk.grade import catalogue
from kbk.grade.cases import Argument, Case
from kbk.grade.judge import Fault
from kbk.grade.report import CheckResult
from kbk.grade.results import Item, not_run, stopped

if TYPE_CHECKING:
    from kbk.grade.exercise import Check, Exercise
    from kbk.grade.grader import Run

FULL, NONE = 1.10, 2.0
"""Ratios of times: up to the first all points, from the second on none."""
DRAWS = 3
"""How often each case is drawn."""
MACHINES = ("cuda",)
"""Where time says something. Tests of this file's arithmetic add the simulator."""


def credit(ratio: float) -> float:
    """What a ratio of times earns, 0 to 1."""
    return min(max((NONE - ratio) / (NONE - FULL), 0.0), 1.0)


def note(exercise: Exercise, machine: str, answers_hold: bool) -> str:
    """What to say of checks about cost where nothing is counted; "" on the simulator."""
    if machine == "cpu" or not any(check.gate for check in exercise.checks):
        return ""
    told = "A GPU counts no accesses. What is about cost was "
    if exercise.timed_cases is None:
        return f"{told}not run here: check it without --gpu."
    if not answers_hold:
        return f"{told}not timed: answers come first."
    return f"{told}judged by time, beside the reference; its counters were not run."


def explained(exercise: Exercise, seed: int) -> list[str]:
    """What a GPU times, in words; nothing if no check is about cost."""
    if not any(check.gate for check in exercise.checks):
        return []
    if exercise.timed_cases is None:
        return ["On a GPU, what is about cost is not run: no counters, and no time is declared."]
    labels = ", ".join(case.label for case in exercise.timed_cases(random.Random(seed)))
    return [
        f"On a GPU, what is about cost is timed beside the reference, with {labels}: all points up "
        f"to {FULL:.2f} times its time, none from {NONE:.2f} times on."
    ]


def items_of(exercise: Exercise, seed: int) -> list[Item]:
    """The timed cases: DRAWS of the first, then of the second, and so on.

    Raises:
        ArgumentError: the draws differ in more than the values of tensors.
    """
    cases = exercise.timed_cases
    if cases is None:
        return []
    check = next(each for each in exercise.checks if each.gate)
    drawn = [list(cases(random.Random(f"{seed} timed {draw}"))) for draw in range(DRAWS)]
    items = []
    for group in zip(*drawn, strict=True):
        shapes = {repr([_shape(each) for each in case.args]) for case in group}
        if len(shapes) > 1 or not all(isinstance(case, Case) for case in group):
            raise ArgumentError(
                f"{exercise.title}: a timed case must have the same shapes and plain arguments "
                "each time it is drawn; only values of tensors may differ."
            )
        items += [Item(check, case) for case in group]
    return items


def _shape(value: object) -> object:
    if isinstance(value, Argument):
        tensor = value.tensor
        return value.name, tensor.shape, tensor.stride(), tensor.dtype, tensor.storage_offset()
    return value


def results(run: Run, checks: list[Check]) -> list[CheckResult]:
    """The results of the checks about cost, by time.

    Args:
        run: of the submission; its answers hold.
        checks: those about cost.
    """
    exercise = run.exercise
    items = items_of(exercise, run.seed)
    if not items or not checks:
        return [not_run(check) for check in checks]
    run.reference = {
        "source": catalogue.solution_text(exercise),
        "name": f"{run.name}_reference",
        "draws": DRAWS,
    }
    run.finish(items)
    if run.build_fault is not None:
        return stopped(checks, run.build_fault)
    worst: tuple[float, str] = (0.0, "")
    for at in range(0, len(items), DRAWS):
        group = items[at : at + DRAWS]
        fault = next((item.fault for item in group if item.fault is not None), None)
        times = run.times.get(at)
        if fault is None and times is None:
            fault = Fault("crash", "its process ended itself before it was timed.")
        label = group[0].case.label
        if fault is not None or times is None:
            found = fault or Fault("crash", "")
            return stopped(checks, replace(found, text=f"{label}: {found.text}"))
        mine, theirs = map(statistics.median, times)
        text = (
            f"{label}: {_time(mine)}, {mine / theirs:.2f} times that of the reference here "
            f"({_time(theirs)}; medians of {len(times[0])}). All points up to {FULL:.2f} times, "
            f"none from {NONE:.2f} on."
        )
        worst = max(worst, (mine / theirs, text))
    return [_result(check, *worst, cases=len(items) // DRAWS) for check in checks]


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:,.2f} ms"


def _result(check: Check, ratio: float, text: str, cases: int) -> CheckResult:
    share = credit(ratio)
    if share == 1:
        return CheckResult(check.name, "pass", check.points, check.points, True, cases, cases)
    earned = max(min(math.ceil(check.points * share), check.points - 1), 0)
    return CheckResult(
        check.name, "too-much-traffic", check.points, earned, True, cases, 0, message=text
    )
