"""Grades one submission: makes the cases, runs them elsewhere, judges when that has ended."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kbk.errors import KbkError
from kbk.grade import checked, plain, timed, words
from kbk.grade.arena import Arena
from kbk.grade.both import graded
from kbk.grade.cancel import Cancelled
from kbk.grade.cases import Ask, Case
from kbk.grade.counters import lines
from kbk.grade.endings import ending as _ending
from kbk.grade.exercise import Check, Exercise
from kbk.grade.facts import NO_SENSE, are_times, line_of, makes_sense
from kbk.grade.judge import Fault, judge_ask, judge_case
from kbk.grade.process import Limits, Outcome, run_worker
from kbk.grade.report import CheckResult, Report
from kbk.grade.results import Item, stopped
from kbk.grade.symbols import line_of as line_of_symbol

STRICT = True
"""Whether forbidden words and symbols are looked for; tests of other walls take this away."""
_RESTARTS = 3
"""After a crash the remaining checks run in a new process, so many times."""


def grade(
    exercise: Exercise,
    source: str,
    *,
    seed: int | None = None,
    machine: str = "cpu",
    only: Iterable[str] = (),
    apart: Iterable[str] = (),
) -> Report:
    """Grade a submission.

    Args:
        exercise: found through kbk.grade.catalogue.
        source: the text of the submission.
        seed: of the random inputs; None draws one.
        machine: "cpu" (the simulator) or "cuda".
        only: names of checks; none means all.
        apart: names of checks that run last and in a process of their own, so that none of the
            others can tell of them: those that an assignment hides.

    Returns:
        the report; it never raises for what a submission does.
    """
    begin = time.monotonic()
    seed = secrets.randbelow(1 << 32) if seed is None else seed
    names = set(only)
    checks = [check for check in exercise.checks if not names or check.name in names]
    answers, traced = (Run(exercise, source, seed, machine, apart) for _ in range(2))
    results = _results(answers, traced, checks)
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
        notes=() if failed else tuple(traced.warnings.values()),
        note=timed.note(exercise, machine, all(r.ok for r in results if not r.gate)),
    )


def _results(answers: Run, traced: Run, checks: list[Check]) -> list[CheckResult]:
    """The results of the checks; where the grader itself fails, none of them holds."""
    try:
        return graded(answers, traced, checks)
    except KbkError:
        raise
    except Exception as error:  # neither a submission nor a case of ours should bring this about
        text = f"the grader failed by itself: {type(error).__name__}: {error}"
        return stopped(checks, Fault("cannot-grade", plain.printable(text[:2000])))


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


class Run:
    """One submission and one group of checks after another.

    Attributes:
        apart: names of checks that run last, in a process and a memory of their own.
        printed, isolation: of its workers.
        build_fault: why nothing ran, or None.
        warnings: of the checkers, which fail nothing: texts by kind and line.
        patience: times the seconds that a case may take.
        keeps: when it is cancelled, what has run counts.
        live: of the worker that runs now.
        writers, shows, reference: what else a job asks for (kbk.grade.again, kbk.grade.timed).
        times: what a job with a reference measured, by case.
    """

    def __init__(
        self,
        exercise: Exercise,
        source: str,
        seed: int,
        machine: str,
        apart: Iterable[str] = (),
    ) -> None:
        self.exercise = exercise
        self.source = source
        self.seed = seed
        self.machine = machine
        self.apart = frozenset(apart)
        self._told = 0
        self.printed = ""
        self.isolation = ""
        self.name = f"exercise_{exercise.id.replace('/', '_')}_{exercise.slug}"
        self.build_fault: Fault | None = None
        self.warnings: dict[tuple[str, int | None], str] = {}
        self.patience = 1.0
        self.keeps = False
        self.live = Outcome()
        self.writers: list[tuple[str, int]] = []
        self.shows: dict[str, Any] = {}
        self.reference: dict[str, Any] = {}
        self.times: dict[int, tuple[list[float], list[float]]] = {}

    def refusal(self) -> Fault | None:
        """Why the text is not even compiled, or None."""
        if not self.source.strip():
            text = f"the text is empty; `kbk reset {self.exercise.id}` brings the stub back."
            return Fault("compile-error", text)
        refused = words.refused(self.source, self.exercise.suffix) if STRICT else None
        return None if refused is None else Fault("forbidden", refused.text, refused.line)

    def finish(self, items: list[Item]) -> None:
        """Run the cases of some items and judge them; first of those that are not apart."""
        for apart in (False, True):
            group = [item for item in items if (item.check.name in self.apart) == apart]
            hangs = any(item.fault is not None and item.fault.verdict == "hang" for item in items)
            if not group or self.build_fault is not None or hangs:
                continue
            self._finish(group)
            if apart and self.build_fault is not None:  # the others must not tell of it
                for item in group:
                    item.facts, item.fault = None, self.build_fault
                self.build_fault = None

    def _finish(self, items: list[Item]) -> None:
        calls = [item.case for item in items if isinstance(item.case, Case)]
        arena = Arena(calls) if calls else None
        try:
            try:
                self.execute(items, arena)
            except Cancelled:
                if not self.keeps:
                    raise
            if self.build_fault is None:
                self._judge(items, arena)
        finally:
            if arena is not None:
                arena.close()

    def ended_cases(self) -> int:
        """How many cases its workers have reported."""
        return self._told + _ends(self.live)

    def items(self, checks: list[Check]) -> list[Item]:
        """The cases of some checks."""
        return [
            Item(check, case)
            for check in checks
            for case in check.cases(random.Random(f"{self.seed} {check.name}"))
        ]

    def execute(self, items: list[Item], arena: Arena | None) -> None:
        """Run the cases, and note what became of each."""
        pending = list(range(len(items)))
        for _ in range(1 + _RESTARTS):
            if not pending:
                return
            try:
                outcome = self._run(items, pending, arena)
            except Cancelled as cancelled:
                if cancelled.outcome is not None:
                    self._collect(items, cancelled.outcome)
                raise
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

    def _unfinished(self, items: list[Item], pending: list[int]) -> None:
        """A process that said it was done, and was not: a worker stops early at a hang only."""
        facts = [items[each].facts or {} for each in pending]
        errors = [each.get("error") or {} for each in facts]
        left = next((each for each in pending if items[each].facts is None), None)
        if left is not None and not any(error.get("kind") == "hang" for error in errors):
            items[left].fault = Fault("crash", "its process ended itself before it was done.")

    def _run(self, items: list[Item], pending: list[int], arena: Arena | None) -> Outcome:
        limits = Limits.here()
        limits = replace(limits, case=limits.case * self.patience)
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
                described["counted"] = case.trace and self.machine == "cpu"
                described["checked"] = items[index].checked
                described["trace"] = described["counted"] or items[index].checked
                described["counters"] = sorted({gate.counter for gate in case.gates})
                if self.writers:
                    described |= {"trace": True, "writers": self.writers}
                if self.shows:
                    described |= {"trace": True, "counted": True, "shows": self.shows}
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
        if self.reference:
            job["reference"] = self.reference
        if python:
            limits = replace(limits, build=2 * limits.case)
        before, self.live = self.live, Outcome()
        self._told += _ends(before)
        outcome = run_worker(job, arena.file if arena else None, limits, self.live)
        self.printed += plain.printable(outcome.printed)
        self.isolation = outcome.isolation or self.isolation
        return outcome

    def _collect(self, items: list[Item], outcome: Outcome) -> int | None:
        """Take over what was reported; return the case that began and did not end."""
        open_case: int | None = None
        lines_by_place = line_of(outcome.events)
        for event in outcome.events:
            index = event.get("index")
            if not isinstance(index, int) or not 0 <= index < len(items):
                continue
            if event["event"] == "begin":
                open_case = index
            elif event["event"] == "timed" and are_times(event):
                self.times[index] = event["mine"], event["theirs"]
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
        for found in (*facts.get("findings", ()), *facts.get("warnings", ())):
            found["text"] = self._readable(plain.printable(found["text"]))
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

    def _judge(self, items: list[Item], arena: Arena | None) -> None:
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
                item.fault = checked.fault(facts) if item.checked else None
                self._warned(facts)
                if item.fault is not None or (item.checked and not item.check.gate):
                    place += 1  # of an answer, the values are judged in the plain build
                    continue
                if (
                    item.case.trace
                    and self.machine == "cpu"
                    and not {"counters", "error"} & {*facts}
                ):
                    facts = {"error": NO_SENSE}
                item.fault = judge_case(item.case, place, arena, facts, self.source, file)
            place += 1

    def _warned(self, facts: dict[str, Any]) -> None:
        """Keep the warnings of the checkers, of each kind and line the first."""
        for each in facts.get("warnings", ()):
            self.warnings.setdefault((each["kind"], each["line"]), each["text"])


def _ends(outcome: Outcome) -> int:
    return sum(event["event"] == "end" for event in tuple(outcome.events))


def _argument(value: Any) -> Any:
    name = getattr(value, "name", None)
    if name is None:
        return plain.encode(value)
    role = "write" if value.written else "host" if getattr(value, "host", False) else "read"
    return {"role": role, "name": name}
