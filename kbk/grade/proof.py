"""The rules of exercises that only a run can check: what a trace should say is said by a trace.

A grader may state numbers, or the way to an answer, but not without proof: the counts of a gate are
those of traced kernels, and the answers of a prediction are read from traced launches.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from kbk import paths
from kbk.errors import KbkError
from kbk.grade import catalogue, gates
from kbk.grade.cases import Ask, Case, Gate
from kbk.grade.counters import counter
from kbk.grade.exercise import Check, Exercise
from kbk.grade.grader import facts_of
from kbk.grade.probe import Batch, Expected

_SEED = 1
SOLUTION, STUB = "solution", "stub"


def problems(exercise: Exercise) -> Iterator[str]:
    """Sentences about the rules that an exercise breaks. Kernels are compiled and run."""
    if exercise.kind == "predict":
        for check in exercise.checks:
            yield from _prediction(check)
    else:
        yield from _gates(exercise)


def _drawn(check: Check) -> list[Case | Ask]:
    return list(check.cases(random.Random(f"{_SEED} {check.name}")))


def _prediction(check: Check) -> Iterator[str]:
    """Every answer comes from a traced launch, and depends on what that did."""
    asks = [ask for ask in _drawn(check) if isinstance(ask, Ask)]
    expected = [ask.expect for ask in asks if isinstance(ask.expect, Expected)]
    if len(expected) < len(asks):
        yield (
            f"the check {check.name!r} must expect what a kbk.grade.Probe has traced; "
            f"{len(asks) - len(expected)} of its {len(asks)} answers come from somewhere else. A "
            "closed form may be right, but nobody has run it"
        )
    batches: dict[Batch, list[Expected]] = {}
    for each in expected:
        batches.setdefault(each.batch, []).append(each)
    for batch, answers in batches.items():
        try:
            deaf = sum(each() == each.by_falsified() for each in answers)
        except KbkError as error:
            yield f"the probe of the check {check.name!r} must run: {error}"
            continue
        if 2 * deaf > len(answers):
            yield (
                f"the check {check.name!r} must read its answers from what {batch.runs} did to "
                f"memory; {deaf} of {len(answers)} stay as they are when the trace is told wrongly"
            )


def _gates(exercise: Exercise) -> Iterator[str]:
    """The solution reaches every target, and the kernel that a baseline names counts just that."""
    gated = [check for check in exercise.checks if any(_of(case) for case in _drawn(check))]
    kernels = {gate.of for check in gated for case in _drawn(check) for gate in _of(case)}
    for kernel in [SOLUTION, *sorted(kernels)] if gated else []:
        try:
            source = _text(exercise, kernel)
        except KbkError as error:
            yield str(error)
            continue
        if source is None:
            continue
        for check, case, facts in facts_of(exercise, source, gated, seed=_SEED):
            if not isinstance(case, Case):
                continue
            where = f"the check {check.name!r}, {case.label}"
            mine = [gate for gate in _of(case) if kernel in (SOLUTION, gate.of)]
            if mine and facts is None:
                yield f"{where}: the {kernel} must run to be counted"
                continue
            for gate in mine:
                text = _wrong(gate, kernel, gates.count(gate, facts or {}))
                if text:
                    yield f"{where}: {text}"


def _of(case: Case | Ask) -> tuple[Gate, ...]:
    return case.gates if isinstance(case, Case) else ()


def _text(exercise: Exercise, kernel: str) -> str | None:
    """The source of a kernel; None where mutants are not installed."""
    try:
        if kernel == SOLUTION:
            return catalogue.solution_text(exercise)
        if kernel == STUB:
            return catalogue.stub_text(exercise)
        if kernel not in exercise.mutants:
            raise KbkError(f"a baseline must be that of the stub or a mutant; {kernel!r} is none")
        if paths.MUTANTS is None:
            return None
        folder = paths.MUTANTS / exercise.topic / exercise.stem
        return (folder / f"{kernel}{exercise.suffix}").read_text()
    except OSError as error:
        raise KbkError(f"the {kernel} cannot be read: {error}") from error


def _wrong(gate: Gate, kernel: str, found: float | None) -> str:
    """What is wrong with a gate, by the count of a kernel; "" if nothing is."""
    name = counter(gate.counter).names[0]
    if found is None:
        return f"there is no counter {gate.counter!r}"
    if kernel != SOLUTION:
        if found == gate.baseline:
            return ""
        return f"{gate.counter} of the {kernel} is {found:,}, not {gate.baseline:,} ({name})"
    if not gate.reached(found):
        return f"{gate.counter} of the solution is {found:,}; the target is {gate.target:,}"
    if abs(gate.target - found) > gate.leeway:
        return (
            f"{gate.counter} of the solution is {found:,}: a target of {gate.target:,} is easier "
            f"by more than the leeway, {gate.leeway:,}"
        )
    return ""
