"""The rules for exercises, chapters and pages, each as a check that says how to mend it.

rules: what a rule is.
declares, texts, drawn, runs: of an exercise, by what they look at.
chapters, pages, ledger: of a chapter's exercises together, of its page, of the book's concepts.
new: makes the files of an exercise. record: what was found when every mutant ran.
strictness: the tables of the page about how strict the grader is.
commands: `kbk author`.

Two demands no program can check: that somebody who has not seen the solution solves an exercise
from the page and its hints before it is released, with minutes, attempts and hints written down;
and that the minutes printed are the median of such trials.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kbk.grade import catalogue
from kbk.grade.authoring import chapters, declares, drawn, pages, runs, texts
from kbk.grade.authoring.chapters import Chapter
from kbk.grade.authoring.pages import Page
from kbk.grade.authoring.rules import Broken, Rule
from kbk.grade.authoring.texts import mutant_files as mutant_files
from kbk.grade.exercise import Exercise

EXERCISE_RULES: tuple[Rule[Exercise], ...] = (
    *declares.RULES,
    *texts.RULES,
    *drawn.RULES,
    *runs.RULES,
)
RULES: tuple[Rule[Any], ...] = (*EXERCISE_RULES, *chapters.RULES, *pages.RULES)
"""Every rule, by what it is about."""


def _broken(rules: tuple[Rule[Any], ...], thing: Any, where: str) -> Iterator[Broken]:
    for rule in rules:
        for text in rule.check(thing):
            yield Broken(rule, where, text)


def of_exercise(exercise: Exercise, skip: Collection[str] = ()) -> list[Broken]:
    """The rules that an exercise breaks; its kernels are compiled and run.

    Args:
        exercise: which.
        skip: ids of rules that are not asked.
    """
    asked = tuple(rule for rule in EXERCISE_RULES if rule.id not in skip)
    return list(_broken(asked, exercise, f"{exercise.id} {exercise.slug}"))


def of_chapters(number: str = "") -> list[Broken]:
    """The rules that the exercises of a chapter break together.

    Args:
        number: of one chapter, "02"; all by default.
    """
    found: dict[str, list[Exercise]] = {}
    written = {page.number for page in pages.all_pages()}
    for exercise in catalogue.all(number):
        found.setdefault(exercise.topic[:2], []).append(exercise)
    return [
        broken
        for each, exercises in found.items()
        for broken in _broken(
            chapters.RULES,
            Chapter(each, tuple(exercises), each in written),
            f"chapter {each}",
        )
    ]


def of_pages(skip: Collection[str] = ()) -> list[Broken]:
    """The rules that the pages of chapters break; nothing in an installed package."""
    asked = tuple(rule for rule in pages.RULES if rule.id not in skip)
    return [
        broken
        for page in pages.all_pages()
        for broken in _broken(asked, page, f"book/{page.file.name}")
    ]


def problems(exercise: Exercise, skip: Collection[str] = ()) -> list[str]:
    """Sentences about the rules that an exercise breaks, without warnings."""
    return [str(each) for each in of_exercise(exercise, skip) if not each.rule.warns]


__all__ = [
    "EXERCISE_RULES",
    "RULES",
    "Broken",
    "Chapter",
    "Page",
    "Rule",
    "mutant_files",
    "of_chapters",
    "of_exercise",
    "of_pages",
    "problems",
]
