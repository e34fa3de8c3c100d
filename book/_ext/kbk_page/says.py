"""The Markdown that the book's own directives stand for; Sphinx and the notebooks both show it.

``{do} 00/02``      the exercise that practises what the page has just shown
``{chapter-card}``  level, minutes, exercises, prerequisites, objectives, where the page was run
``{stop}``          where the core of a chapter ends
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .reading import Reading, measure

STOP = "Stop here if you like: you have what the next chapter needs."
_BLOCK = re.compile(r"^```\{(do|chapter-card|stop)\}[ ]*(.*)\n((?:.*\n)*?)```[ ]*$", re.MULTILINE)
_OPTION = re.compile(r"^:([\w-]+):[ ]*(.*)$")
_TITLE = re.compile(r"^# (.*)$", re.MULTILINE)


class Exercise(Protocol):
    """What a directive tells of an exercise (kbk.grade.catalogue has them)."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def stars(self) -> int: ...
    @property
    def minutes(self) -> int: ...
    @property
    def points(self) -> int: ...
    @property
    def path(self) -> str: ...


class Unknown(LookupError):
    """A directive names an exercise, or a chapter, that there is not."""


def find(identifier: str) -> Exercise:
    """The exercise of an id such as ``00/02``.

    Raises:
        Unknown: there is none; the text says so.
    """
    from kbk.errors import KbkError
    from kbk.grade import catalogue

    try:
        found: Exercise = catalogue.find(identifier)
    except KbkError as error:
        raise Unknown(str(error)) from None
    if found.id != identifier:
        raise Unknown(f"{identifier!r} must be the id of an exercise, such as {found.id}")
    return found


def of_chapter(chapter: str) -> list[Exercise]:
    """The exercises of a chapter such as ``00``, in order.

    Raises:
        Unknown: it has none; the text says so.
    """
    from kbk.errors import KbkError
    from kbk.grade import catalogue

    try:
        return list(catalogue.all(chapter))
    except KbkError as error:
        raise Unknown(str(error)) from None


def do_title(exercise: Exercise) -> str:
    return f"Do {exercise.id} {exercise.title} now ({exercise.minutes} min)"


def do_body(exercise: Exercise) -> str:
    return (
        f"{'★' * exercise.stars}, {exercise.points} points. Edit `exercises/{exercise.path}`, then "
        f'`kbk check {exercise.id}` in a terminal or `kbk.check("{exercise.id}")` in a notebook.'
    )


@dataclass(frozen=True)
class Card:
    """The facts of a chapter's card.

    Attributes:
        stars: how hard the chapter is, as its title shows it.
        reading: what there is to read.
        exercises: those of the chapter.
        prerequisites: one line of Markdown.
        objectives: a Markdown list, three items that begin with a verb.
    """

    stars: str
    reading: Reading
    exercises: list[Exercise]
    prerequisites: str
    objectives: str


def card_facts(card: Card) -> str:
    """The list at the head of a card, as Markdown."""
    number = len(card.exercises)
    minutes = sum(e.minutes for e in card.exercises)
    points = sum(e.points for e in card.exercises)
    core, full = card.reading.core.minutes, card.reading.full.minutes
    return (
        f"- **Level** {card.stars}\n"
        f"- **Reading** core {core} min, all {full} min\n"
        f"- **Exercises** {number}, {minutes} min, {points} points\n"
        f"- **You need** {card.prerequisites}\n"
    )


def card_body(card: Card) -> str:
    """A card without "executed on", as Markdown."""
    return f"{card_facts(card)}\nAfter it you can\n\n{card.objectives}\n"


def make_card(page: str, chapter: str, prerequisites: str, objectives: str) -> Card:
    """The card of a page.

    Args:
        page: the whole MyST text of the page.
        chapter: its number, such as ``01``.
        prerequisites: one line of Markdown.
        objectives: a Markdown list of three.

    Raises:
        Unknown: the chapter has no exercises, or the card lacks a part.
    """
    title = _TITLE.search(page)
    stars = "".join(re.findall("★", title[1])) if title else ""
    if not title or not title[1].startswith(f"{chapter} ") or not stars:
        raise Unknown(f'the page of chapter {chapter} needs a title such as "# {chapter} Name ★"')
    items = len(re.findall(r"^[-*] ", objectives, re.MULTILINE))
    if items != 3:
        raise Unknown(f"the card of chapter {chapter} must have 3 objectives, it has {items}")
    if not prerequisites:
        raise Unknown(f"the card of chapter {chapter} must name its prerequisites")
    return Card(stars, measure(page), of_chapter(chapter), prerequisites, objectives.strip())


def parse_options(body: str) -> tuple[dict[str, str], str]:
    """Split the body of a directive into its options and the rest."""
    options: dict[str, str] = {}
    lines = body.splitlines()
    while lines and (option := _OPTION.match(lines[0])):
        options[option[1]] = option[2].strip()
        lines.pop(0)
    return options, "\n".join(lines).strip("\n")


def _quote(title: str, body: str = "") -> str:
    lines = [f"**{title}**", *([""] if body else []), *body.strip().splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def as_markdown(
    page: str, executed_on: str = "", how_to_do: Callable[[Exercise], str] = do_body
) -> str:
    """A page's text with every directive of the book's own turned into plain Markdown.

    Args:
        page: the whole MyST text.
        executed_on: a sentence for the card, such as "Executed on an H200, 2026-11-22."
        how_to_do: what ``{do}`` says below its title.

    Raises:
        Unknown: a directive names what there is not.
    """

    def card(argument: str, body: str) -> str:
        options, objectives = parse_options(body)
        made = make_card(
            page, options.get("chapter", ""), options.get("prerequisites", ""), objectives
        )
        return _quote("This chapter", f"{card_body(made)}\n{executed_on}")

    def do(argument: str, body: str) -> str:
        exercise = find(argument)
        return _quote(do_title(exercise), how_to_do(exercise))

    def stop(argument: str, body: str) -> str:
        return _quote(STOP, body)

    makers: dict[str, Callable[[str, str], str]] = {"do": do, "chapter-card": card, "stop": stop}
    return _BLOCK.sub(lambda m: makers[m[1]](m[2].strip(), m[3]), page)
