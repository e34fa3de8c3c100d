"""The exercises from a notebook: what ``kbk.exercises``, ``kbk.check`` and their kin do there."""

from __future__ import annotations

import re
from html import escape

from kbk import paths
from kbk.errors import ArgumentError
from kbk.grade import catalogue, learner
from kbk.grade.exercise import Exercise
from kbk.grade.report import Report


class ExerciseTable:
    """The exercises of a chapter as a table."""

    def __init__(self, exercises: tuple[Exercise, ...]) -> None:
        self.exercises = exercises

    def __repr__(self) -> str:
        rows = [
            f"{e.id}  {e.title:<34} {e.kind:<8} {'★' * e.stars:<5} {e.minutes:>3} min "
            f"{e.points:>3} points  exercises/{e.path}"
            for e in self.exercises
        ]
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><td {left}>{e.id}</td><td {left}>{_card(e)}</td>"
            f"<td>{e.minutes}&nbsp;min</td><td>{e.points}</td></tr>"
            for e in self.exercises
        )
        header = "".join(
            f"<th scope='col' {style}>{name}</th>"
            for name, style in (("", left), ("exercise", left), ("time", ""), ("points", ""))
        )
        return f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"


def _card(exercise: Exercise) -> str:
    """Title, stars, kind, task and file of an exercise, as HTML."""
    stars = f"<span aria-label='{exercise.stars} of 5 stars'>{'★' * exercise.stars}</span>"
    task = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(exercise.task))
    return (
        f"<strong>{escape(exercise.title)}</strong> {stars} {exercise.kind}<br>{task}"
        f"<br><code>exercises/{exercise.path}</code>"
    )


class Note:
    """A few lines of text that a cell shows as they are."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def exercises(chapter: str = "") -> ExerciseTable:
    """The exercises of a chapter ("00"), or all.

    Raises:
        ArgumentError: there is no such chapter.
    """
    return ExerciseTable(catalogue.all(chapter))


def check(
    name: str, source: str | None = None, *, seed: int | None = None, machine: str = "cpu"
) -> Report:
    """Grade an exercise and show the report. A failing verdict is no exception.

    Args:
        name: "00/02", "guard", or the path of its file.
        source: the text to grade; by default that of the file under ``exercises/``.
        seed: of the random inputs of an earlier report.
        machine: "cpu" is the simulator, with every check; "cuda" runs the answers on the GPU.

    Raises:
        ArgumentError: there is no such exercise or machine.
    """
    if machine not in ("cpu", "cuda"):
        raise ArgumentError(f"machine must be 'cpu' or 'cuda'; it was {machine!r}.")
    if source is not None and not isinstance(source, str):
        raise ArgumentError(f"source must be text; it was {type(source).__name__}.")
    return learner.check(catalogue.find(name), source, seed=seed, machine=machine)


def hint(name: str, level: int | None = None) -> Note:
    """The next hint of an exercise, or that of ``level`` 1 (concept), 2 (place), 3 (shape).

    Raises:
        ArgumentError: there is no such exercise or level.
    """
    exercise = catalogue.find(name)
    number, text = learner.hint(exercise, level)
    last = ", the last" if number == len(exercise.hints) else ""
    return Note(f"Hint {number} of {len(exercise.hints)}{last} for {exercise.id}: {text}")


def solution(name: str, *, yes: bool = False) -> Note:
    """The solution of an exercise, as text, once yours has passed; or at once with ``yes=True``.

    Raises:
        ArgumentError: there is no such exercise.
    """
    exercise = catalogue.find(name)
    if not yes and not learner.may_see_solution(exercise):
        return Note(
            f"{exercise.id} has not passed yet; "
            f'kbk.solution("{exercise.id}", yes=True) shows the solution anyway.'
        )
    return Note(catalogue.solution_text(exercise))


def reset(name: str) -> Note:
    """Put the stub of an exercise back into its file; what was there is kept as a copy.

    Raises:
        ArgumentError: there is no such exercise.
    """
    exercise = catalogue.find(name)
    kept = learner.reset(exercise)
    note = f"{_shown(learner.file_of(exercise))} is as it came."
    return Note(note if kept is None else f"{note}\nWhat was there is in {_shown(kept)}")


def _shown(file: object) -> str:
    root = str(paths.REPOSITORY or "")
    text = str(file)
    return text.removeprefix(root).lstrip("/") if root and text.startswith(root) else text
