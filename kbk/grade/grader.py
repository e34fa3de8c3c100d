"""Grades one submission: makes the cases, runs them elsewhere, judges when that has ended."""

from __future__ import annotations

import math
import random
import secrets
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from kbk.errors import KbkError
from kbk.grade import plain, words
from kbk.grade.arena import Arena
from kbk.grade.cases import Ask, Case
from kbk.grade.counters import lines
from kbk.grade.endings import ending as _ending
from kbk.grade.exercise import Check, Exercise
from kbk.grade.facts import NO_SENSE, line_of, makes_sense
from kbk.grade.judge import Fault, judge_ask, judge_case
from kbk.grade.process import Limits, Outcome, run_worker
from kbk.grade.report import CheckResult, Report
from kbk.grade.symbols import line_of as line_of_symbol

STRICT = True
"""Whether forbidden words and symbols are looked for; tests of other walls take this away."""
_RESTARTS = 3
"""After a crash the remaining checks run in a new process, so many times."""


@dataclass
class _Item:
    """A case, its check, and what became of it."""

    check: Check
    case: Case | Ask
    facts: dict[str, Any] | None = None
    fault: Fault | None = None


def grade(
    exercise: Exercise,
    source: str,
    *,
    seed: int | None = None,
    machine: str = "cpu",
    only: Iterable[str] = (),
) -> Report:
    """Grade a submission.

    Args:
        exercise: found through kbk.grade.catalogue.
        source: the text of the submission.
        seed: of the random inputs; None draws one.
        machine: "cpu" (the simulator) or "cuda".
        only: names of checks; none means all.

    Returns:
        the report; it never raises for what a submission does.
    """
    begin = time.monotonic()
    seed = secrets.randbelow(1 << 32) if seed is None else seed
    names = set(only)
    checks = [check for check in exercise.checks if not names or check.name in names]
    answers = Run(exercise, source, seed, machine)
    results = _graded(answers, Run(exercise, source, seed, machine), checks)
    failed = next((result for result in results if not result.ok), None)
    return Report(
        exercise=exercise.id,
        title=exercise.title,
        path=exercise.path,
        verdict=failed.verdict if failed else "pass",
        first=failed.verdict if failed else "pass",
        checks=tuple(results),
        points=sum(result.points for result in results),
        earned=sum(result.earned for result in results),
        machine=machine,
        seed=seed,
        seconds=time.monotonic() - begin,
        source=source,
        printed=answers.printed,
        isolation=answers.isolation,
    )


def facts_of(
    exercise: Exercise, source: str, checks: list[Check], *, seed: int
) -> list[tuple[Check, Case | Ask, dict[str, Any] | None]]:
    """What a submission did in the cases of some checks, before anybody judges it.

    Returns:
        each case with its facts (kbk.grade.worker); None for one that did not end well.
    """
    run = Run(exercise, source, seed, "cpu")
    items = run.items(checks)
    calls = [item.case for item in items if isinstance(item.case, Case)]
    arena = Arena(calls) if calls else None
    try:
        run.execute(items, arena)
    finally:
        if arena is not None:
            arena.close()
    good = [item.facts is not None and "error" not in item.facts for item in items]
    return [
        (item.check, item.case, item.facts if ran else None)
        for item, ran in zip(items, good, strict=True)
    ]


def _graded(answers: Run, costs: Run, checks: list[Check]) -> list[CheckResult]:
    """Results in the order of the checks; those about cost count only if every answer is right."""
    gates = [check for check in checks if check.gate]
    others = [check for check in checks if not check.gate]
    with ThreadPoolExecutor(1) as beside:  # both builds take as long: two cores, half the wait
        # A GPU has no trace: there, what is about cost is not run.
        counted = beside.submit(costs.group, gates if costs.machine == "cpu" else [])
        results = {result.name: result for result in answers.group(others)}
        if all(result.ok for result in results.values()):
            results.update({result.name: result for result in counted.result()})
    return [results.get(check.name) or _not_run(check) for check in checks]


class Run:
    """One submission and one group of checks after another."""

    def __init__(self, exercise: Exercise, source: str, seed: int, machine: str) -> None:
        self.exercise = exercise
        self.source = source
        self.seed = seed
        self.machine = machine
        self.printed = ""
        self.isolation = ""
        self.name = f"exercise_{exercise.id.replace('/', '_')}_{exercise.slug}"
        self.build_fault: Fault | None = None
        self.writers: list[tuple[str, int]] = []

    def group(self, checks: list[Check]) -> list[CheckResult]:
        """Run the cases of some checks and judge them."""
        if checks and not self.source.strip():
            text = f"the text is empty; `kbk reset {self.exercise.id}` brings the stub back."
            fault = Fault("compile-error", text)
            return [_faulted(checks[0], fault), *map(_not_run, checks[1:])]
        refusal = words.refused(self.source, self.exercise.suffix) if STRICT else None
        if checks and refusal is not None:
            fault = Fault("forbidden", refusal.text, refusal.line)
            return [_faulted(checks[0], fault), *map(_not_run, checks[1:])]
        items = self.items(checks)
        calls = [item.case for item in items if isinstance(item.case, Case)]
        arena = Arena(calls) if calls else None
        try:
            self.execute(items, arena)
            if self.build_fault is not None:
                return [_faulted(check, self.build_fault) for check in checks[:1]] + [
                    _not_run(check) for check in checks[1:]
                ]
            self._judge(items, arena)
        finally:
            if arena is not None:
                arena.close()
        return [
            self._result(check, [item for item in items if item.check is check]) for check in checks
        ]

    def items(self, checks: list[Check]) -> list[_Item]:
        """The cases of some checks."""
        return [
            _Item(check, case)
            for check in checks
            for case in check.cases(random.Random(f"{self.seed} {check.name}"))
        ]

    def execute(self, items: list[_Item], arena: Arena | None) -> None:
        """Run the cases, and note what became of each."""
        pending = list(range(len(items)))
        for _ in range(1 + _RESTARTS):
            if not pending:
                return
            outcome = self._run(items, pending, arena)
            if not any(event["event"] == "built" for event in outcome.events):
                self.build_fault = self._build_fault(outcome)
                return
            at = self._collect(items, outcome)
            if outcome.ended == "done":
                self._unfinished(items, pending)
                return
            if at is None:  # it ended between two cases, or after the last
                at = next((each for each in pending if items[each].facts is None), pending[-1])
            items[at].fault = _ending(outcome)
            if outcome.ended in ("case-time", "output"):
                return
            culprit = items[at].check
            later = [each for each in pending if each > at and items[each].check is not culprit]
            pending = later

    def _unfinished(self, items: list[_Item], pending: list[int]) -> None:
        """A process that said it was done, and was not: a worker stops early at a hang only."""
        facts = [items[each].facts or {} for each in pending]
        errors = [each.get("error") or {} for each in facts]
        left = next((each for each in pending if items[each].facts is None), None)
        if left is not None and not any(error.get("kind") == "hang" for error in errors):
            items[left].fault = Fault("crash", "its process ended itself before it was done.")

    def _run(self, items: list[_Item], pending: list[int], arena: Arena | None) -> Outcome:
        limits = Limits.here()
        python = self.exercise.suffix == ".py"
        order = [index for index, item in enumerate(items) if isinstance(item.case, Case)]
        cases = []
        for index in pending:
            case = items[index].case
            described: dict[str, Any] = {
                "index": index,
                "function": case.function,
                "args": [_argument(each) for each in case.args],
            }
            if isinstance(case, Case) and arena is not None:
                described["trace"] = case.trace and self.machine == "cpu"
                described["counters"] = sorted({gate.counter for gate in case.gates})
                if self.writers:
                    described |= {"trace": True, "writers": self.writers}
                described["memory"] = arena.description(order.index(index))
            cases.append(described)
        job = {
            "language": self.exercise.suffix[1:],
            "name": self.name,
            "file": f"{self.exercise.stem}{self.exercise.suffix}",
            "source": self.source,
            "functions": list(self.exercise.functions),
            "machine": self.machine,
            "seconds": limits.case,
            "seed": self.seed,
            "strict": STRICT,
            "arena_bytes": arena.size if arena else 0,
            "cases": cases,
        }
        if python:
            limits = replace(limits, build=2 * limits.case)
        outcome = run_worker(job, arena.file if arena else None, limits)
        self.printed += plain.printable(outcome.printed)
        self.isolation = outcome.isolation or self.isolation
        return outcome

    def _collect(self, items: list[_Item], outcome: Outcome) -> int | None:
        """Take over what was reported; return the case that began and did not end."""
        open_case: int | None = None
        lines_by_place = line_of(outcome.events)
        for event in outcome.events:
            index = event.get("index")
            if not isinstance(index, int) or not 0 <= index < len(items):
                continue
            if event["event"] == "begin":
                open_case = index
            elif event["event"] == "end":
                items[index].facts = self._named(event, lines_by_place)
                open_case = None
        return open_case

    def _named(self, facts: dict[str, Any], places: dict[int, int]) -> dict[str, Any]:
        """Facts in which the source bears the name of the learner's file, and costs have lines."""
        error = facts.get("error")
        if error is not None:
            error = error if isinstance(error, dict) else {"text": error}
            line = error.get("line")
            facts["error"] = {
                "kind": str(error.get("kind", "exception")),
                "text": self._readable(plain.printable(str(error.get("text", "")))),
                "line": line if isinstance(line, int) else None,
            }
        if not makes_sense(facts):
            return {"error": NO_SENSE}
        told = facts.get("places", {})
        return {**facts, "lines": {name: lines(at, places) for name, at in told.items()}}

    def _readable(self, text: str) -> str:
        return text.replace(f"{self.name}.cu", f"{self.exercise.stem}.cu")

    def _build_fault(self, outcome: Outcome) -> Fault:
        for event in outcome.events:
            if event["event"] == "build-failed":
                return Fault(
                    "compile-error", self._readable(str(event.get("text"))), event.get("line")
                )
            if event["event"] == "cannot":
                return Fault("cannot-grade", str(event.get("text")))
            if event["event"] == "forbidden":
                return self._forbidden([str(each) for each in event.get("symbols", ())])
        if outcome.ended == "unavailable":
            return Fault("cannot-grade", "the process that runs submissions could not be started.")
        if outcome.ended == "build-time":
            verdict = "hang" if self.exercise.suffix == ".py" else "compile-timeout"
            return Fault(verdict, f"nothing was built within {outcome.seconds:.0f} s.")
        fault = _ending(outcome)
        return Fault(fault.verdict, f"{fault.text}\n{outcome.printed[-2000:]}".rstrip())

    def _forbidden(self, symbols: list[str]) -> Fault:
        """What the library of a submission asks for, and may not."""
        named = ", ".join(f"`{each}`" for each in symbols[:3])
        more = f" and {len(symbols) - 3} more" if len(symbols) > 3 else ""
        lines = [line_of_symbol(each, self.source) for each in symbols]
        text = f"an exercise may not use {named}{more}: only memory, arithmetic, text and CUDA."
        return Fault("forbidden", text, next((each for each in lines if each), None))

    def _judge(self, items: list[_Item], arena: Arena | None) -> None:
        place = 0
        for item in items:
            judged = item.facts is not None and item.fault is None
            if isinstance(item.case, Ask):
                if judged:
                    try:
                        item.fault = judge_ask(item.case, item.facts or {})
                    except KbkError as error:  # the probe needs a compiler, and a disk
                        item.fault = Fault("cannot-grade", str(error))
                continue
            if judged and arena is not None:
                facts, file = item.facts or {}, f"{self.exercise.stem}{self.exercise.suffix}"
                if (
                    item.case.trace
                    and self.machine == "cpu"
                    and not {"counters", "error"} & {*facts}
                ):
                    facts = {"error": NO_SENSE}
                item.fault = judge_case(item.case, place, arena, facts, self.source, file)
            place += 1

    def _result(self, check: Check, items: list[_Item]) -> CheckResult:
        faulty = _telling([item for item in items if item.fault is not None])
        missing = any(item.fault is None and item.facts is None for item in items)
        passed = sum(item.fault is None and item.facts is not None for item in items)
        if faulty is None and not missing:
            return CheckResult(
                check.name, "pass", check.points, check.points, check.gate, len(items), passed
            )
        if faulty is None or faulty.fault is None:
            return replace(_not_run(check), cases=len(items), passed=passed)
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


def _telling(items: list[_Item]) -> _Item | None:
    """The first case that failed, or a later one with the same verdict that knows the line."""
    first = items[0] if items else None
    if first is None or first.fault is None or first.fault.line is not None:
        return first
    same = [item for item in items if item.fault and item.fault.verdict == first.fault.verdict]
    return next((item for item in same if item.fault and item.fault.line is not None), first)


def _argument(value: Any) -> Any:
    name = getattr(value, "name", None)
    if name is None:
        return plain.encode(value)
    role = "write" if value.written else "host" if getattr(value, "host", False) else "read"
    return {"role": role, "name": name}


def _not_run(check: Check) -> CheckResult:
    return CheckResult(check.name, "not-run", check.points, 0, check.gate)


def _faulted(check: Check, fault: Fault) -> CheckResult:
    return CheckResult(
        check.name, fault.verdict, check.points, 0, check.gate, message=fault.text, line=fault.line
    )
