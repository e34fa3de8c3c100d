"""Grading: a learner's code runs in a process of its own, and is judged after that has ended.

exercise, cases, values: what a grader file is written in. rotation: what those of RoPE share.
probe: where the answers of a prediction come from.
counters: what gates are about.
catalogue: finds the grader files.
words, reserved, symbols: what a submission may not say, nor its library ask for.
leftovers: what a killed run left in the temporary folder is removed.
arena, process, watchdog, server, worker: run a submission elsewhere.
calls, checkers, timing, shown: what a worker does with one call, and notes of it.
sandbox, isolation: the walls around that.
judge, compare, gates, checked, timed: from facts to verdicts; results: of a check.
grader: all of that for one submission.
cancel: takes a grading back.
again, details, writers, mistakes, pictures: what is found out about a failure after the verdict.
declared: what an exercise asks and by what it judges.
learner: a learner's files and progress.
watching: the loop of `kbk watch`.
report, show, notebook, commands: what people see.
testing: pytest. author, authoring, proof: the rules for exercises, chapters and pages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbk.grade.assignment import extend as extend
    from kbk.grade.cases import BITS as BITS
    from kbk.grade.cases import Ask as Ask
    from kbk.grade.cases import Case as Case
    from kbk.grade.cases import Gate as Gate
    from kbk.grade.cases import Host as Host
    from kbk.grade.cases import Read as Read
    from kbk.grade.cases import Sparse as Sparse
    from kbk.grade.cases import Tol as Tol
    from kbk.grade.cases import Update as Update
    from kbk.grade.cases import Write as Write
    from kbk.grade.exercise import Check as Check
    from kbk.grade.exercise import Exercise as Exercise
    from kbk.grade.grader import grade as grade
    from kbk.grade.probe import Probe as Probe
    from kbk.grade.report import CheckResult as CheckResult
    from kbk.grade.report import Report as Report

_HOMES = {
    **dict.fromkeys(
        ["BITS", "Ask", "Case", "Gate", "Host", "Read", "Sparse", "Tol", "Update", "Write"], "cases"
    ),
    **dict.fromkeys(["Check", "Exercise"], "exercise"),
    **dict.fromkeys(["CheckResult", "Report"], "report"),
    "Probe": "probe",
    "extend": "assignment",
    "grade": "grader",
}
_MODULES = {"authoring", "catalogue", "learner", "testing", "values"}

__all__ = [
    "BITS",
    "Ask",
    "Case",
    "Check",
    "CheckResult",
    "Exercise",
    "Gate",
    "Host",
    "Probe",
    "Read",
    "Report",
    "Sparse",
    "Tol",
    "Update",
    "Write",
    "extend",
    "grade",
]


def __getattr__(name: str) -> Any:
    # Lazy: a worker that runs a Python prediction starts without torch.
    if name in _HOMES:
        value = getattr(import_module(f"kbk.grade.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f"kbk.grade.{name}")
    raise AttributeError(f"module 'kbk.grade' has no attribute {name!r}")
