"""Rules for what a grader declares: its card, its hints, what it reuses and cites."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbk.grade.authoring.rules import Rule
from kbk.grade.exercise import Exercise

HINT_WORDS = 5
"""Least words of a hint."""
CORRECTNESS = 0.4
"""Share of the points that a right answer earns where the task is to be fast."""


def stars(exercise: Exercise) -> Iterator[str]:
    if not 1 <= exercise.stars <= 5:
        yield f"stars must be 1 to 5; it is {exercise.stars}"


def minutes(exercise: Exercise) -> Iterator[str]:
    if not 5 <= exercise.minutes <= 90:
        yield f"minutes must be 5 to 90; it is {exercise.minutes}. Cut a longer one in two"


def points(exercise: Exercise) -> Iterator[str]:
    total = sum(check.points for check in exercise.checks)
    if total != exercise.points:
        yield f"points must be the sum over the checks, {total}; it is {exercise.points}"


def hints(exercise: Exercise) -> Iterator[str]:
    if len(exercise.hints) != 3 or any(len(h.split()) < HINT_WORDS for h in exercise.hints):
        yield "hints must be three sentences: concept, place, shape of the fix"


def task(exercise: Exercise) -> Iterator[str]:
    if not exercise.task.strip().endswith((".", "?")):
        yield "task must be one or two sentences, with a full stop"


def functions(exercise: Exercise) -> Iterator[str]:
    if not exercise.functions:
        yield "functions must name what is called: functions=(...)"


def reuses(exercise: Exercise) -> Iterator[str]:
    if exercise.topic[:2] >= "02" and not exercise.reuses:
        yield 'reuses must name what it takes from earlier chapters: reuses=("01/03",)'
    for each in exercise.reuses:
        if not re.match(r"\d\d(/\d\d)?\b", each) or each[:5] >= exercise.id:
            yield f"reuses must name earlier exercises or chapters, like '01/03'; it has {each!r}"


def cited(exercise: Exercise) -> Iterator[str]:
    """A fix is a bug that happened; what is cited can be found again as it was."""
    if exercise.kind == "fix" and not exercise.sources:
        yield "a fix must cite the issue that it is about: sources=('https://.../issues/1',)"
    for source in exercise.sources:
        if not resolves(source):
            yield (
                f"sources must be addresses that stay: of an issue, a pull request, a commit, a "
                f"file at a commit, or a page of documentation; one is {source!r}"
            )


def resolves(source: str) -> bool:
    """Whether an address says the same tomorrow: on GitHub a number or a commit is asked for."""
    if not re.match(r"https://[^/\s]+/\S", source):
        return False
    if "://github.com/" not in source:
        return True
    if "/blob/" in source or "/tree/" in source or "/commit/" in source:
        return re.search(r"/(blob|tree|commit)/[0-9a-f]{7,40}(/|$|#)", source) is not None
    found = re.search(r"github\.com/[\w.-]+/[\w.-]+(/(issues|pull|discussions)/\d+.*)?$", source)
    return found is not None


def share(exercise: Exercise) -> Iterator[str]:
    if exercise.kind != "optimise":
        return
    right = sum(check.points for check in exercise.checks if not check.gate)
    wanted = round(CORRECTNESS * exercise.points)
    if right != wanted:
        yield (
            f"a right answer must earn {CORRECTNESS:.0%} of the points where the task is to be "
            f"fast, {wanted} of {exercise.points}; its checks without gate=True have {right}"
        )


RULES: tuple[Rule[Exercise], ...] = (
    Rule("stars", "One to five stars.", stars),
    Rule("minutes", "It takes 5 to 90 minutes.", minutes),
    Rule("points", "Its points are those of its checks.", points),
    Rule("hints", "Three hints: concept, place, shape of the fix.", hints),
    Rule("task", "The task is a sentence or two.", task),
    Rule("functions", "It says which functions are called.", functions),
    Rule("reuses", "From chapter 02 on it says what it reuses, which is earlier.", reuses),
    Rule("cited", "A fix cites its issue, and addresses stay.", cited),
    Rule("share", "Optimise: a right answer earns 40 % of the points.", share),
)
