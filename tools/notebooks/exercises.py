"""The exercises of a chapter as cells: the task in words, and the stub to edit and grade."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Cell = tuple[str, str]
"""What kind of cell ("markdown" or "code"), and its source."""

HEAD = """\
## The exercises, in this notebook

Each cell below holds an exercise as it begins. Edit the text where it says `TODO`, and run the
cell: it grades the text that stands in it. The verdict names what is wrong. For a hint, then a
stronger one, run `kbk.hint("{first}")`; `kbk.solution("{first}")` shows a solution."""


class HasTitle(Protocol):
    """An exercise by its name."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...


class Exercise(HasTitle, Protocol):
    """What a notebook shows of an exercise (kbk.grade.catalogue has them)."""

    @property
    def topic(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def stars(self) -> int: ...
    @property
    def minutes(self) -> int: ...
    @property
    def points(self) -> int: ...
    @property
    def task(self) -> str: ...


def of_chapter(topic: str) -> list[tuple[Exercise, str]]:
    """The exercises of a chapter such as ``00_setup``, in order, each with its pristine text."""
    from kbk.grade import catalogue

    return [(each, catalogue.stub_text(each)) for each in catalogue.all() if each.topic == topic]


def quoted(text: str) -> str:
    """A Python literal of several lines that holds the text as it is, to be edited in a cell.

    Raises:
        ValueError: no raw literal can hold it.
    """
    for quotes in ('"""', "'" * 3):
        if quotes not in text and not text.endswith(("\\", quotes[0])):
            return f"r{quotes}{text}{quotes}"
    raise ValueError("a stub must not contain both kinds of triple quotes, nor end in a backslash")


def cells(topic: str, find: Callable[[str], list[tuple[Exercise, str]]] = of_chapter) -> list[Cell]:
    """The cells of a chapter's exercises; none if it has no exercises."""
    found = find(topic)
    if not found:
        return []
    made: list[Cell] = [("markdown", HEAD.format(first=found[0][0].id))]
    for exercise, text in found:
        name = f"stub_{exercise.id.replace('/', '_')}"
        made.append(("markdown", words(exercise)))
        check = f'kbk.check("{exercise.id}", source={name})'
        made.append(("code", f"{name} = {quoted(text)}\n{check}"))
    return made


def place(exercise: HasTitle) -> str:
    """What ``{do}`` says in a notebook: where the exercise stands, for there is no file to edit."""
    return f"Its text stands at the end of this notebook, under *{exercise.id} {exercise.title}*."


def words(exercise: Exercise) -> str:
    """Title, effort and task of an exercise, as Markdown."""
    points = f"{exercise.points} point{'s' * (exercise.points != 1)}"
    return (
        f"### {exercise.id} {exercise.title} {'★' * exercise.stars}\n\n"
        f"*{exercise.kind}, {exercise.minutes} min, {points}*\n\n{exercise.task}"
    )
