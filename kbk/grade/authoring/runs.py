"""Rules that a run decides: stub, solution, counts of gates, answers of probes, mutants."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from kbk.grade import catalogue, mistakes, process, proof
from kbk.grade.authoring.rules import Rule
from kbk.grade.authoring.texts import has_files
from kbk.grade.exercise import Exercise
from kbk.grade.grader import grade
from kbk.grade.stand_ins import STAND_INS

MOST_SECONDS = 2.0
"""CPU time that grading a built submission should stay under."""
_SEED = 1


def traced_answers(exercise: Exercise) -> Iterator[str]:
    if exercise.kind == "predict":
        yield from proof.problems(exercise)


def traced_gates(exercise: Exercise) -> Iterator[str]:
    if exercise.kind != "predict" and has_files(exercise):
        yield from proof.problems(exercise)


def stub_fails(exercise: Exercise) -> Iterator[str]:
    if not has_files(exercise):
        return
    report = grade(exercise, catalogue.stub_text(exercise), seed=_SEED)
    failed = report.failed
    found = (failed.name, failed.verdict) if failed else None
    if found != tuple(exercise.stub):
        yield (
            f"the stub must fail first as stub says, {exercise.stub}; it "
            + (f"fails with {found}: {_first(failed.message)}" if failed and found else "passes")
        )


def stub_is_right(exercise: Exercise) -> Iterator[str]:
    """A kernel to speed up is right; one to mend passes the test that came with it."""
    if not has_files(exercise):
        return
    right = [check.name for check in exercise.checks if not check.gate]
    only = {"optimise": right, "fix": ["their test"]}.get(exercise.kind, [])
    known = [name for name in only if any(check.name == name for check in exercise.checks)]
    if not known:
        return
    report = grade(exercise, catalogue.stub_text(exercise), seed=_SEED, only=known)
    if report.failed:
        yield (
            f"the stub must pass {report.failed.name!r}; it fails with {report.failed.verdict}: "
            f"{_first(report.failed.message)}"
        )


def solution_passes(exercise: Exercise) -> Iterator[str]:
    if not has_files(exercise):
        return
    report = grade(exercise, catalogue.solution_text(exercise), seed=_SEED)
    if report.failed:
        yield (
            f"the solution must pass; {report.failed.name!r} fails with {report.failed.verdict}: "
            f"{_first(report.failed.message)}"
        )


def mutants_stopped(exercise: Exercise) -> Iterator[str]:
    """As recorded by a run; that the record is of these texts is a rule of its own."""
    stopped = mistakes.kills(exercise.id)
    for name, check in exercise.mutants.items():
        if name not in stopped:
            continue  # nothing is recorded of it yet: the rule "recorded" says so
        found = stopped[name]
        if found["check"] != check:
            how = f"it fails {found['check']!r}" if found["check"] else "it passes everything"
            yield f"the mutant {name} must be stopped by {check!r}; {how}"
        elif found["verdict"] in ("compile-error", "compile-timeout", "cannot-grade"):
            yield f"the mutant {name} must compile and run; it ends with {found['verdict']}"


def nothing_is_rejected(exercise: Exercise) -> Iterator[str]:
    trivial = mistakes.trivial(exercise.id)
    for name in STAND_INS:
        if trivial.get(name, "?") == "":
            yield (
                f"an output of {name} must fail a check that is about answers; it passes all of "
                "them. Use inputs whose answer is neither zero nor a copy"
            )


def seconds(exercise: Exercise) -> Iterator[str]:
    """CPU time of grading the solution once all is built: of workers, and of this process."""
    if not has_files(exercise):
        return
    text = catalogue.solution_text(exercise)  # built already: the rule before this one ran it
    before = _cpu_of_workers() + time.process_time()
    grade(exercise, text, seed=_SEED)
    spent = _cpu_of_workers() + time.process_time() - before
    if spent > MOST_SECONDS:
        yield (
            f"a grading must take less than {MOST_SECONDS:g} s of CPU time; it took {spent:.1f} s. "
            "Make its inputs smaller"
        )


def _cpu_of_workers() -> float:
    """Seconds of CPU time of the processes that run submissions, and of those that have ended."""
    total = 0.0
    for _, server in process._pool._idle:
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(fields[at]) for at in range(11, 15)) / os.sysconf("SC_CLK_TCK")
    return total


def _first(message: str) -> str:
    return message.strip().partition("\n")[0]


RULES: tuple[Rule[Exercise], ...] = (
    Rule("traced-answers", "Answers of a prediction are read from traces.", traced_answers, True),
    Rule("traced-gates", "Counts of gates are those of traced kernels.", traced_gates, True),
    Rule("stub-verdict", "The stub fails first as it says.", stub_fails, True),
    Rule("stub-right", "The stub passes what it must: their test, answers.", stub_is_right, True),
    Rule("solution", "The solution passes with all points.", solution_passes, True),
    Rule("stopped", "Each mutant is stopped by the check that it names.", mutants_stopped),
    Rule("trivial", "Zeros, a copy, NaN and nothing are rejected.", nothing_is_rejected),
    Rule("seconds", f"A grading takes less than {MOST_SECONDS:g} s.", seconds, True, True),
)
