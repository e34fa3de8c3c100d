"""Rules for what a grader draws: cases, their tolerances and gates, settings of a prediction."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import torch

from kbk.errors import KbkError
from kbk.grade.authoring.rules import Rule
from kbk.grade.cases import BITS, Argument, Ask, Case, Sparse
from kbk.grade.compare import same_bits
from kbk.grade.exercise import Check, Exercise

LEAST_DRAWS = 200
"""Random settings of a prediction."""
WARM_UP = 3
"""Most plain numbers that a prediction asks for before its functions."""
_REDRAWN = 24  # cases of a check, compared with a second drawing
LEAST_DRAWN = 4
"""Entries from which on a list of tuples is a drawing."""


@lru_cache(maxsize=16)
def _drawn(check: Check) -> tuple[Case | Ask, ...]:
    return tuple(check.cases(random.Random("rules")))


def has_cases(exercise: Exercise) -> Iterator[str]:
    for check in exercise.checks:
        if not _drawn(check):
            yield f"the check {check.name!r} must have cases"


def seeded(exercise: Exercise) -> Iterator[str]:
    for check in exercise.checks:
        first = _drawn(check)[:_REDRAWN]
        again = tuple(itertools.islice(check.cases(random.Random("rules")), _REDRAWN))
        if len(again) != len(first) or not all(map(_same, again, first)):
            yield (
                f"the check {check.name!r} must draw only from the rng that it is given: what "
                "`random` and torch draw on their own is not repeated by --seed"
            )


def _same(one: Any, other: Any) -> bool:
    """Whether two cases, or two arguments, are the same."""
    if isinstance(one, (Case, Ask)):
        return (
            type(one) is type(other)
            and (one.function, one.label, len(one.args))
            == (other.function, other.label, len(other.args))
            and all(map(_same, one.args, other.args))
        )
    if isinstance(one, Argument) and one.poisoned:
        return bool(one.tensor.shape == other.tensor.shape)
    if isinstance(one, Sparse) and one.written:
        return bool(one.first == other.first and one.window.shape == other.window.shape)
    x, y = (getattr(each, "tensor", getattr(each, "window", None)) for each in (one, other))
    if isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor):
        return x.shape == y.shape and x.dtype == y.dtype and bool(same_bits(x, y).all())
    return repr(one) == repr(other)


def known_functions(exercise: Exercise) -> Iterator[str]:
    for check in exercise.checks:
        called = {case.function for case in _drawn(check)} - set(exercise.functions)
        if called:
            yield (
                f"the check {check.name!r} calls {', '.join(sorted(called))}, which functions lacks"
            )


def labels(exercise: Exercise) -> Iterator[str]:
    for check in exercise.checks:
        if any(isinstance(case, Case) and not case.label for case in _drawn(check)):
            yield f"each case of the check {check.name!r} must have a label"


def reasons(exercise: Exercise) -> Iterator[str]:
    """A tolerance is derived: it says from what."""
    for check in exercise.checks:
        for case in _drawn(check):
            if isinstance(case, Case) and case.tol not in (None, BITS) and not _why(case):
                yield (
                    f"the tolerance of the check {check.name!r} must say which errors it allows "
                    "for: Tol(..., why='...'), or kbk.grade.values.tolerance"
                )
                break


def _why(case: Case) -> str:
    return case.tol.why if case.tol is not None else ""


def draws(exercise: Exercise) -> Iterator[str]:
    if exercise.kind != "predict":
        return
    asked = sum(isinstance(case, Ask) for each in exercise.checks for case in _drawn(each))
    if asked < LEAST_DRAWS:
        yield f"a prediction must be drawn {LEAST_DRAWS} times; it is asked {asked} times"


def warm_up(exercise: Exercise) -> Iterator[str]:
    if exercise.kind != "predict":
        return
    constants = {
        case.function
        for check in exercise.checks
        for case in _drawn(check)
        if isinstance(case, Ask) and not case.args and not _is_drawing(case)
    }
    if len(constants) > WARM_UP:
        yield (
            f"at most {WARM_UP} plain numbers may be asked for as a warm-up, else functions of a "
            f"setting; without arguments are {', '.join(sorted(constants))}"
        )


def drawing(exercise: Exercise) -> Iterator[str]:
    if exercise.kind == "predict" and not any(
        isinstance(case, Ask) and _is_drawing(case)
        for check in exercise.checks
        for case in _drawn(check)[:1]
    ):
        yield (
            "one part of a prediction must be a drawing: a function that returns a list of "
            "tuples, such as (lane, first sector, last sector)"
        )


def _is_drawing(ask: Ask) -> bool:
    try:
        value = ask.expect() if callable(ask.expect) else ask.expect
    except KbkError:  # the rule about probes says so
        return False
    return isinstance(value, (list, tuple)) and _tuples(value) >= LEAST_DRAWN


def _tuples(value: Any) -> int:
    if not isinstance(value, (list, tuple)):
        return 0
    return sum(isinstance(each, tuple) or _tuples(each) for each in value)


def their_test(exercise: Exercise) -> Iterator[str]:
    if exercise.kind == "fix" and not any(check.name == "their test" for check in exercise.checks):
        yield "a fix must have the weak test that its stub passes, as the check 'their test'"


def gated(exercise: Exercise) -> Iterator[str]:
    """What is about cost has numbers: a target and a baseline, or a limit."""
    gates = [check for check in exercise.checks if check.gate]
    if exercise.kind == "optimise" and not any(_gates(check) for check in gates):
        yield (
            "an optimise exercise must have a check with gate=True whose cases have gates: "
            "Gate(counter, target=..., baseline=...)"
        )
    for check in gates:
        if not any(_is_about_cost(case) for case in _drawn(check)):
            yield (
                f"the check {check.name!r} has gate=True: one of its cases must have gates, "
                "a limit on launches, blocks or threads, or trace=True"
            )


def _gates(check: Check) -> bool:
    return any(isinstance(case, Case) and case.gates for case in _drawn(check))


def _is_about_cost(case: Case | Ask) -> bool:
    if not isinstance(case, Case):
        return False
    limits = (case.launches, case.max_blocks, case.min_threads)
    return bool(case.gates or case.trace or any(each is not None for each in limits))


RULES: tuple[Rule[Exercise], ...] = (
    Rule("cases", "Every check has cases.", has_cases),
    Rule("seeded", "The same seed draws the same cases.", seeded),
    Rule("known-functions", "Only functions are called that it declares.", known_functions),
    Rule("labels", "Every case has a label.", labels),
    Rule("why", "Every tolerance says which errors it allows for.", reasons),
    Rule("draws", f"A prediction is drawn {LEAST_DRAWS} times.", draws),
    Rule("warm-up", f"At most {WARM_UP} plain numbers are predicted.", warm_up, runs=True),
    Rule("drawing", "A prediction has a drawing.", drawing, runs=True),
    Rule("their-test", "A fix has the weak test that came with it.", their_test),
    Rule("gates", "What is about cost has a target and a baseline, or a limit.", gated),
)
