"""What `kbk watch` shows, as lines with styles: verdict, hints, keys, the list of exercises."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from kbk.grade import learner, plain
from kbk.grade.exercise import Exercise
from kbk.grade.report import Report
from kbk.grade.show import rows_of, wrapped

Line = tuple[str, str]
"""Style and text."""


def verdict(report: Report, width: int) -> Iterator[Line]:
    """The report, without the commands that keys replace here."""
    yield from rows_of(report, width, commands=False)


def hints(exercise: Exercise, width: int) -> Iterator[Line]:
    """The hints that were taken so far."""
    taken = learner.standing(exercise).hints
    names = ("concept", "place", "shape")
    for number, text in enumerate(exercise.hints[:taken]):
        yield "", ""
        name = names[number] if number < len(names) else f"hint {number + 1}"
        for line in wrapped(f"  hint {number + 1}, the {name}: {text}", width, "  "):
            yield "cyan", line


def title(exercise: Exercise, width: int) -> Iterator[Line]:
    """Which exercise, its stars, its file and its task."""
    stars = "*" * exercise.stars
    head = f"{exercise.id} {exercise.title}  {stars}  {exercise.points} points"
    for line in wrapped(head, width, "  "):
        yield "bold", line
    for line in wrapped(f"  {learner.shown(learner.file_of(exercise))}", width, "  "):
        yield "dim", line
    yield from task(exercise, width)


def task(exercise: Exercise, width: int) -> Iterator[Line]:
    """What is to be done."""
    yield "", ""
    for line in wrapped(f"  {exercise.task}", width, "  "):
        yield "", line


def listing(
    width: int, current: Exercise | None = None, only: Sequence[Exercise] = ()
) -> Iterator[Line]:
    """Every exercise, or some, and how it stands; an arrow marks the current one."""
    for each in only or learner.offered():
        stands = learner.standing(each)
        mark = "-->" if each is current else "   "
        points = f"{stands.earned}/{each.points}"
        room = max(width - 38, 10)
        name = each.title if len(each.title) <= room else f"{each.title[: room - 1]}…"
        style = {"pass": "green", "not attempted": "dim"}.get(stands.state, "yellow")
        line = f"{mark} {each.id} {name:<{min(room, 34)}} {points:>6} {stands.state}"
        yield style, line if len(line) <= width else f"{line[: width - 1]}…"


def keys(passed: bool, following: Exercise | None, more_hints: bool, width: int) -> Iterator[Line]:
    """What the keys do now."""
    onward = f"n next, {following.id} {following.title}" if following else ""
    each = [
        *([onward] if onward else []),
        *(["h hint"] if more_hints and not passed else []),
        *("l list", "r reset", "s solution", "c check again", "q quit"),
    ]
    yield "", ""
    if passed and following:
        yield "green", "passed: go on with n when you like"
    elif passed:
        yield "green", "passed, and so has every other exercise"
    line = ""
    for word in each:
        if line and len(line) + 3 + len(word) > width:
            yield "dim", line
            line = ""
        line = f"{line}   {word}" if line else word
    yield "dim", line


def painted(lines: Iterable[Line], terminal: bool, width: int) -> str:
    """Lines as text, with colours where a terminal has them (never with NO_COLOR)."""
    console = Console(
        file=io.StringIO(), force_terminal=terminal, highlight=False, width=width, soft_wrap=True
    )
    with console.capture() as captured:
        for style, text in lines:
            console.print(Text(plain.printable(text.expandtabs(4)), style=style))
    return captured.get()
