"""An exercise as its grader file declares it: what is asked, how it is checked, which hints."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kbk.errors import ArgumentError
from kbk.grade.cases import Ask, Case

KINDS = ("predict", "fill", "fix", "optimise", "build")
"""What a learner does: say what will happen, fill a gap, mend, speed up, write all of it."""

Cases = Callable[[random.Random], Iterable["Case | Ask"]]
_F = TypeVar("_F", bound=Cases)
_T = TypeVar("_T", bound=Callable[[random.Random], Iterable["Case"]])


@dataclass(frozen=True)
class Check:
    """A named group of cases.

    Attributes:
        name: what must hold, in a few words.
        points: what it is worth; a check of 0 points still has to pass.
        cases: makes the cases from a source of random numbers.
        gate: about cost, not about the answer; runs only when every other check passed.
        sanitize: whether its cases run under the checkers too (kbk.grade.checked).
    """

    name: str
    points: int
    cases: Cases
    gate: bool = False
    sanitize: bool = True


class Exercise:
    """One exercise.

    Args:
        title: a few words.
        kind: one of KINDS.
        stars: 1 to 5.
        minutes: what a learner is told to plan.
        points: the sum over the checks.
        functions: host functions of the ``.cu``, or functions of the ``.py``.
        task: one or two sentences.
        hints: three levels: the concept, the place, the shape of the fix.
        stub: the check that the stub fails, and the verdict.
        mutants: file stem of each wrong submission -> the first check that it fails.
        reuses: what it takes from earlier chapters.
        sources: issues or pages that it is about.
        is_copy: the right answer is a copy of the input, so that a copy by other means scores.
    """

    def __init__(
        self,
        *,
        title: str,
        kind: str,
        stars: int,
        minutes: int,
        points: int,
        functions: Iterable[str],
        task: str,
        hints: tuple[str, str, str],
        stub: tuple[str, str],
        mutants: Mapping[str, str],
        reuses: Iterable[str] = (),
        sources: Iterable[str] = (),
        is_copy: bool = False,
    ) -> None:
        if kind not in KINDS:
            raise ArgumentError(f"kind must be one of {', '.join(KINDS)}; it was {kind!r}.")
        self.title = title
        self.kind = kind
        self.stars = stars
        self.minutes = minutes
        self.points = points
        self.functions = tuple(functions)
        self.task = task
        self.hints = tuple(hints)
        self.stub = stub
        self.mutants = dict(mutants)
        self.reuses = tuple(reuses)
        self.sources = tuple(sources)
        self.is_copy = is_copy
        self.checks: list[Check] = []
        self.timed_cases: Callable[[random.Random], Iterable[Case]] | None = None
        self._file: Path | None = None

    def timed(self, cases: _T) -> _T:
        """Declare what is timed on a GPU, at a realistic size (kbk.grade.timed).

        Decorates a function from a ``random.Random`` to cases: the same each time but for the
        values of tensors. There, all checks about cost earn by it.
        """
        self.timed_cases = cases
        return cases

    def check(
        self, name: str, *, points: int, gate: bool = False, sanitize: bool = True
    ) -> Callable[[_F], _F]:
        """Declare a check; decorates a function from a ``random.Random`` to cases.

        Args:
            name, points, gate: of the check.
            sanitize: False for the weak test of others that a "fix" shows to pass by luck: its
                cases do not run under the checkers. It may not be worth points.

        Raises:
            ArgumentError: there is a check of that name, or points for what is not checked.
        """
        if points and not sanitize:
            raise ArgumentError(f"{self.title}: {name!r} must be worth 0 points: it may be luck.")
        if any(each.name == name for each in self.checks):
            raise ArgumentError(f"{self.title}: two checks are named {name!r}.")

        def declare(cases: _F) -> _F:
            self.checks.append(Check(name, points, cases, gate, sanitize))
            return cases

        return declare

    def bind(self, file: Path) -> Exercise:
        """Tell the exercise its grader file, from which its number and names follow."""
        self._file = file
        return self

    @property
    def grader(self) -> Path:
        """The grader file, ``.../00_setup/test_02_guard.py``."""
        if self._file is None:
            raise ArgumentError(f"{self.title}: not found through kbk.grade.catalogue.")
        return self._file

    @property
    def topic(self) -> str:
        """Folder of its chapter, ``00_setup``."""
        return self.grader.parent.name

    @property
    def stem(self) -> str:
        """Its file without suffix, ``02_guard``."""
        return self.grader.stem.removeprefix("test_")

    @property
    def number(self) -> str:
        """Two digits within the chapter."""
        return self.stem[:2]

    @property
    def slug(self) -> str:
        """Its name without number, ``guard``."""
        return self.stem[3:]

    @property
    def id(self) -> str:
        """Chapter and number, ``00/02``."""
        return f"{self.topic[:2]}/{self.number}"

    @property
    def suffix(self) -> str:
        """``.py`` for predictions, ``.cu`` for kernels."""
        return ".py" if self.kind == "predict" else ".cu"

    @property
    def path(self) -> str:
        """Its file in each tree, ``00_setup/02_guard.cu``."""
        return f"{self.topic}/{self.stem}{self.suffix}"

    def __repr__(self) -> str:
        return f"<exercise {self.id if self._file else '?'} {self.title!r}>"
