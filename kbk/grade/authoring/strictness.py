"""How strict the grader is, as tables: what graders declare, and what stopped each wrong kernel.

Declarations are read from the graders; kills from the record of runs (kbk.grade.authoring.record),
which a test compares with new runs.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

from kbk import paths
from kbk.grade import catalogue, declared, mistakes
from kbk.grade.cases import Case
from kbk.grade.exercise import Check, Exercise

_LABELS = 6  # of the cases of a check, shown one by one
_SAID = {
    "zeros": "zeros",
    "copy": "a copy of the input",
    "nan": "NaN",
    "nothing": "nothing at all",
}

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with a name."""

    name: str
    head: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Facts:
    """What is known of an exercise.

    Attributes:
        exercise: which.
        stopped, mutants: wrong submissions that were stopped, and all of them.
        cases: of all checks.
        rejected, trivial: outputs that solve nothing and were rejected, and all of them.
        tables: checks with inputs and tolerances, gates, wrong submissions, empty outputs.
    """

    exercise: Exercise
    stopped: int
    mutants: int
    cases: int
    rejected: int
    trivial: int
    tables: tuple[Table, ...]

    @property
    def summary(self) -> str:
        """The exercise in a line."""
        return (
            f"{self.exercise.id} {self.exercise.title}: {self.stopped} of {self.mutants} wrong "
            f"submissions stopped, {self.rejected} of {self.trivial} empty outputs rejected"
        )


@lru_cache(maxsize=128)
def facts(exercise: Exercise) -> Facts:
    """What its grader declares, and what was recorded of its mutants."""
    kills, trivial = mistakes.kills(exercise.id), mistakes.trivial(exercise.id)
    checks = [_Drawn(check) for check in exercise.checks]
    tables = [
        Table(
            "Checks",
            ("check", "points", "inputs", "allowed"),
            tuple((d.check.name, str(d.check.points), d.inputs(), d.allowed()) for d in checks),
        ),
        Table(
            "Gates",
            ("check", "counter", "all points", "no points"),
            tuple(row for d in checks for row in d.gates()),
        ),
        Table(
            "Wrong submissions",
            ("mistake", "stopped by", "verdict"),
            tuple(_mutants(exercise, kills)),
        ),
        Table(
            "Empty outputs",
            ("the output is", "rejected by"),
            tuple((_SAID.get(name, name), by or "nothing") for name, by in trivial.items()),
        ),
    ]
    return Facts(
        exercise,
        sum(bool(kills.get(name, {}).get("check")) for name in exercise.mutants),
        len(exercise.mutants),
        sum(len(each.cases) for each in checks),
        sum(map(bool, trivial.values())),
        len(trivial),
        tuple(table for table in tables if table.rows),
    )


class _Drawn:
    """A check with the cases of one seed."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.cases = list(check.cases(random.Random(f"{mistakes.SEED} {check.name}")))

    def inputs(self) -> str:
        """How many cases, and the first of them by their labels."""
        labels = list(dict.fromkeys(case.label for case in self.cases if case.label))
        if not labels:
            return f"{len(self.cases):,} random settings"
        more = len(labels) - _LABELS
        shown = "; ".join(labels[:_LABELS]) + (f"; and {more:,} more" if more > 0 else "")
        return f"{len(self.cases):,}: {shown}"

    def allowed(self) -> str:
        """Tolerances and limits, in words."""
        cases = [case for case in self.cases if isinstance(case, Case)]
        refused = "an error, and nothing written" if any(case.raises for case in cases) else ""
        said = [
            *declared.tolerances([case.tol for case in cases if declared.compares(case)]),
            refused,
            *map(declared.limits, cases),
        ]
        kept = [each for each in dict.fromkeys(said) if each]
        return "; ".join(kept[:4]) or "the same value"

    def gates(self) -> Iterator[Row]:
        """A row for each gate; those of several cases that say the same, once."""
        seen: dict[Row, None] = {}
        for case in self.cases:
            for gate in case.gates if isinstance(case, Case) else ():
                word = "at most" if gate.target < gate.baseline else "at least"
                of = "the stub" if gate.of == "stub" else gate.of.replace("_", " ")
                target, none = f"{word} {gate.target:,}", f"{gate.baseline:,} ({of})"
                seen[self.check.name, gate.counter, target, none] = None
        return iter(seen)


def _mutants(exercise: Exercise, kills: dict[str, dict[str, str]]) -> Iterator[Row]:
    said = _mistakes(exercise)
    for name in exercise.mutants:
        kill = kills.get(name, {"check": "", "verdict": ""})
        yield said[name], kill["check"] or "nothing", kill["verdict"] or "pass"


def _mistakes(exercise: Exercise) -> dict[str, str]:
    """What each mutant does wrong: its first line, or its name where there are no mutants."""
    found = {name: name.replace("_", " ") for name in exercise.mutants}
    if paths.MUTANTS is not None:
        told = {name: mistakes.mistake_of(text) for name, text in mistakes.mutants(exercise)}
        found |= {name: text.rstrip(".") for name, text in told.items() if text}
    return found


class Chapter:
    """The exercises of a chapter, each folded: HTML in a notebook, text elsewhere."""

    def __init__(self, found: Iterable[Facts]) -> None:
        self.facts = tuple(found)

    def __repr__(self) -> str:
        return "\n".join(each.summary for each in self.facts)

    def _repr_html_(self) -> str:
        return "".join(map(_as_html, self.facts))


def chapter(number: str) -> Chapter:
    """The exercises of a chapter, "00".

    Raises:
        ArgumentError: there is no such chapter.
    """
    return Chapter(map(facts, catalogue.all(number)))


def _as_html(each: Facts) -> str:
    tables = "".join(
        f"<p><strong>{escape(table.name)}</strong></p><table><thead><tr>"
        + "".join(f"<th scope='col' style='text-align:left'>{escape(h)}</th>" for h in table.head)
        + "</tr></thead><tbody>"
        + "".join(
            "<tr>"
            + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row)
            + "</tr>"
            for row in table.rows
        )
        + "</tbody></table>"
        for table in each.tables
    )
    return (
        f"<details><summary>{escape(each.summary)}</summary>"
        f"<div style='overflow-x:auto'>{tables}</div></details>"
    )


def totals() -> Sequence[Row]:
    """A row for each chapter: exercises, checks, cases, wrong submissions, empty outputs."""
    rows: list[Row] = []
    for topic in dict.fromkeys(each.topic for each in catalogue.all()):
        found = [facts(each) for each in catalogue.all(topic)]
        cases = sum(each.cases for each in found)
        rows.append(
            (
                topic[:2],
                str(len(found)),
                str(sum(len(each.exercise.checks) for each in found)),
                f"{cases:,}",
                _of(sum(e.stopped for e in found), sum(e.mutants for e in found)),
                _of(sum(e.rejected for e in found), sum(e.trivial for e in found)),
            )
        )
    return rows


TOTALS = ("chapter", "exercises", "checks", "cases", "wrong submissions stopped", "empty rejected")
"""Head of that table."""


def _of(some: int, whole: int) -> str:
    return f"{some} of {whole}"


def verdicts() -> Sequence[Row]:
    """How often each verdict stopped a wrong submission, the most frequent first."""
    counted = Counter(
        kill["verdict"]
        for exercise in catalogue.all()
        for kill in mistakes.kills(exercise.id).values()
    )
    return [(verdict or "pass", str(count)) for verdict, count in counted.most_common()]


def exploits() -> Sequence[Row]:
    """The tricks of tests/exploits: what each tries, and the verdicts that stop it.

    `make test` runs each of them; none may score. Nothing in an installed package.
    """
    if paths.REPOSITORY is None:
        return []
    rows: list[Row] = []
    for file in sorted((paths.REPOSITORY / "tests/exploits").glob("*/*")):
        told = _header(file)
        if "Trick" in told and not file.stem.startswith("control"):
            rows.append((told["Trick"].rstrip("."), told.get("Verdict", "")))
    return rows


def _header(file: Path) -> dict[str, str]:
    lines = [line.lstrip("/# ") for line in file.read_text().splitlines()[:8]]
    return {key: text for key, colon, text in (line.partition(": ") for line in lines) if colon}
