"""Rules for the exercises of a chapter together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kbk import paths
from kbk.grade.authoring.ledger import CHAPTERS
from kbk.grade.authoring.rules import Rule
from kbk.grade.exercise import Exercise


@dataclass(frozen=True)
class Chapter:
    """The exercises of a chapter.

    Attributes:
        number: two digits.
        exercises: in order.
        finished: whether the chapter has a page; until then exercises may be missing.
    """

    number: str
    exercises: tuple[Exercise, ...]
    finished: bool = True


def known(chapter: Chapter) -> Iterator[str]:
    if chapter.number not in CHAPTERS:
        yield f"there is no chapter {chapter.number}; folders begin with a number of 00 to 13"
    folders = sorted({each.topic for each in chapter.exercises})
    if len(folders) > 1:
        yield f"its exercises must lie in one folder; they lie in {', '.join(folders)}"


def numbered(chapter: Chapter) -> Iterator[str]:
    if not chapter.finished:
        return
    numbers = [each.number for each in chapter.exercises]
    wanted = [f"{i:02}" for i in range(1, len(numbers) + 1)]
    if numbers != wanted:
        yield f"exercises must be numbered from 01 without gaps; they are {', '.join(numbers)}"


def begins_with_a_prediction(chapter: Chapter) -> Iterator[str]:
    if chapter.finished and not any(each.kind == "predict" for each in chapter.exercises):
        yield "one exercise must be a prediction: kind='predict'"


def another_op(chapter: Chapter) -> Iterator[str]:
    """At least one build is of an op that no kernel of the book has."""
    ours = _host_functions()
    builds = [each for each in chapter.exercises if each.kind == "build"]
    if chapter.finished and not any(ours.isdisjoint(each.functions) for each in builds):
        named = ", ".join(name for each in builds for name in each.functions) or "none"
        yield f"one build must be an op that is not in the chapter; its builds are {named}"


def _host_functions() -> set[str]:
    """Host functions of the kernels that the book explains."""
    text = "\n".join(file.read_text() for file in sorted(paths.KERNELS.glob("*.cu")))
    return set(re.findall(r"^(?:void|Tensor) (\w+)\(", text, re.M))


RULES: tuple[Rule[Chapter], ...] = (
    Rule("chapter", "Exercises lie in the folder of a chapter of the book.", known),
    Rule("numbered", "Exercises are numbered without gaps.", numbered),
    Rule("predicts", "A chapter has a prediction.", begins_with_a_prediction),
    Rule("another-op", "A chapter has a build of an op that is not in it.", another_op),
)
