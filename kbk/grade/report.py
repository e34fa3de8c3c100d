"""What grading an exercise gave: a verdict for each check, and for the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbk.grade.compare import Worst

VERDICTS = (
    "pass",
    "wrong-answer",
    "compile-error",
    "compile-timeout",
    "launch-error",
    "out-of-bounds",
    "race",
    "uninitialized",
    "divergent-barrier",
    "misaligned",
    "hang",
    "crash",
    "too-much-traffic",
    "forbidden",
    "not-attempted",
    "not-run",
    "cannot-grade",
)
"""``not-run``: a check behind one that failed for good. ``cannot-grade``: no compiler, no disk."""


@dataclass(frozen=True)
class CheckResult:
    """How a check ended.

    Attributes:
        name: the check's.
        verdict: one of VERDICTS.
        points, earned: what it is worth, and what it brought.
        gate: whether it is about cost.
        cases: how many cases it has; passed: how many held.
        message: evidence of the first case that failed, or "".
        line: the line of the submission at fault, or None.
        case: number of that case in the check, from 0; None if nothing ran.
        worst: the worst elements of its outputs.
        diagnosis: a sentence about a known mistake that fails in the same way, or "".
    """

    name: str
    verdict: str
    points: int
    earned: int
    gate: bool = False
    cases: int = 0
    passed: int = 0
    message: str = ""
    line: int | None = None
    case: int | None = None
    worst: tuple[Worst, ...] = ()
    diagnosis: str = ""

    @property
    def ok(self) -> bool:
        """Whether every case held."""
        return self.verdict == "pass"


@dataclass(frozen=True)
class Report:
    """How an exercise ended.

    Attributes:
        exercise, title, path: id, title and file of the exercise.
        verdict: "pass", or that of the first check that failed, or "not-attempted".
        first: verdict of the first check that failed, also of an unedited stub; "pass" if none.
        checks: in order.
        points, earned: sums over the checks.
        machine: "cpu" or "cuda".
        seed: repeats the same random inputs: ``kbk check --seed``.
        seconds: how long grading took.
        source: the graded text.
        printed: what the submission printed.
        isolation: which walls stood around the submission (kbk.grade.sandbox).
        unedited: for a stub as it came: what to say of it.
        cell: the text came from a notebook's cell, not from a file.
        pictures: draws the learner's own picture beside the target's, as HTML (kbk.grade.pictures).
        note: what this machine cannot judge, and by what it judges instead; "" on the simulator.
        notes: warnings of the checkers about what passed: they cost no points.
    """

    exercise: str
    title: str
    path: str
    verdict: str
    first: str
    checks: tuple[CheckResult, ...]
    points: int
    earned: int
    machine: str = "cpu"
    seed: int = 0
    seconds: float = 0.0
    source: str = field(default="", repr=False)
    printed: str = ""
    isolation: str = ""
    unedited: str = ""
    cell: bool = False
    note: str = ""
    notes: tuple[str, ...] = ()
    pictures: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return self.verdict == "pass"

    @property
    def failed(self) -> CheckResult | None:
        """The first check that did not pass."""
        return next((check for check in self.checks if not check.ok), None)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, without the source and the pictures."""
        plain = asdict(replace(self, pictures=None))
        return {key: value for key, value in plain.items() if key not in ("source", "pictures")}

    def __str__(self) -> str:
        from kbk.grade.show import as_text

        return as_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from kbk.grade.show import as_html

        return as_html(self) + (self.pictures() if self.pictures is not None else "")

    def _ipython_display_(self) -> None:
        """Show the verdict at once in a notebook, and the pictures below it when they are there."""
        from IPython.display import display

        from kbk.grade.show import as_html

        display({"text/html": as_html(self), "text/plain": str(self)}, raw=True)  # type: ignore[no-untyped-call]
        drawn = self.pictures() if self.pictures is not None else ""
        if drawn:
            failed = self.failed
            plain = f"[the picture of {failed.name!r}]" if failed is not None else ""
            display({"text/html": drawn, "text/plain": plain}, raw=True)  # type: ignore[no-untyped-call]
