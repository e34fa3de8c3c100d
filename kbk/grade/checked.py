"""What the checkers of `kbk.sanitize` say of a submission, as verdicts.

A kernel that has a race or reads what nobody wrote can be right by luck: the simulator runs threads
in an order of its own. So the cases of every check run twice: as they are, in the plain build,
for the values, and in the traced build, beside it, under the checkers. Either must be clean.
An error fails a case, and so does a warning of a race; other warnings do not: the report of what
passes has them as notes.

Traced are all cases that are small enough, the smallest first: up to CASE elements each and ALL
together, and of each check the smallest anyway. That is a matter of the inputs alone, so it is
the same for every submission. What only a larger case would show, a race in a path for millions of
elements, is found by its values or not at all: a grader must offer a small input to each path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kbk.grade.cases import Argument, Case, Sparse
from kbk.grade.judge import Fault, fault_of_error

CASE, ALL = 1 << 18, 1 << 20
"""Elements of all tensors of a case, and of all cases: 0.04 s and 0.2 s of checking, roughly."""

EXPLAINED = (
    f"Cases of up to {CASE:,} elements, the smallest first up to {ALL:,} in all, run a second time "
    "under the checkers of kbk.sanitize. An error there fails a case, and so does a race."
)

VERDICTS = {
    "out-of-bounds": "out-of-bounds",
    "misaligned": "misaligned",
    "uninitialized": "uninitialized",
    "race": "race",
    "barrier": "divergent-barrier",
    "hang": "hang",
    "launch": "launch-error",
}
"""Verdict by the kind of a finding."""

_CAUSES = ("race", "divergent-barrier", "misaligned", "out-of-bounds", "uninitialized")
_EFFECTS = ("wrong-answer", "uninitialized", "crash", "hang")


def elements(case: Case) -> int:
    """How many elements the tensors of a case have, together."""
    total = 0
    for each in case.args:
        if isinstance(each, Sparse):
            total += each.numel
        elif isinstance(each, Argument):
            total += each.tensor.numel()
    return total


def chosen(checks: Sequence[Sequence[Case]]) -> list[set[int]]:
    """Numbers of the cases to run under the checkers.

    Args:
        checks: of each check, its cases. One that must be refused launches nothing.
    """
    found: list[set[int]] = [set() for _ in checks]
    left, seen = ALL, set()
    sized = sorted(
        (elements(case), at, number)
        for at, cases in enumerate(checks)
        for number, case in enumerate(cases)
        if not case.raises
    )
    for size, at, number in sized:
        if size <= CASE and (size <= left or at not in seen):
            found[at].add(number)
            seen.add(at)
            left -= size
    return found


def fault(facts: Mapping[str, Any]) -> Fault | None:
    """What a case that ran under the checkers is guilty of; None if it is clean.

    Args:
        facts: what the worker reported of it.
    """
    found = facts.get("findings")
    if found:
        first = found[0]
        more = f"\nThere is more: {len(found) - 1} of other lines." if len(found) > 1 else ""
        return Fault(VERDICTS[first["kind"]], first["text"] + more, first["line"])
    error = facts.get("error")
    if error:
        return fault_of_error(error)
    if found is None:  # nobody says that it was checked
        return Fault("crash", "its process did not report what the checkers found.")
    return None


def combined(plain: Fault | None, traced: Fault | None) -> Fault | None:
    """The fault of a case that ran both ways: the cause rather than what came of it."""
    if plain is None or traced is None:
        return plain or traced
    if plain.verdict in _EFFECTS and traced.verdict in _CAUSES and plain.verdict != traced.verdict:
        return Fault(traced.verdict, traced.text, traced.line, worst=plain.worst)
    return plain
