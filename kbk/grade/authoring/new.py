"""Makes the files of an exercise: a stub, a solution, a grader and a first mutant, which work.

They are a small exercise of the asked kind: the stub fails as it says, the solution passes, the
mutant is stopped. What is left to an author is marked AUTHOR: in them, with what to do there.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from kbk import paths
from kbk.errors import ArgumentError, KbkError
from kbk.grade import catalogue, learner
from kbk.grade.authoring import templates
from kbk.grade.authoring.ledger import CHAPTERS
from kbk.grade.exercise import KINDS

_RESERVED = {"auto", "char", "const", "double", "float", "int", "long", "new", "register", "union"}
_PLACE = re.compile(r"(\d\d)_([a-z][a-z0-9_]*)/(\d\d)_([a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Made:
    """What was made: the id of the exercise, and its files."""

    id: str
    files: tuple[Path, ...]


def make(place: str, kind: str, title: str = "") -> Made:
    """Make the files of an exercise.

    Args:
        place: folder of the chapter and name, "03_rope/07_my_idea".
        kind: one of kbk.grade.exercise.KINDS.
        title: a few words; by default the name.

    Raises:
        ArgumentError: a name is wrong, a number is taken, a chapter or a kind is unknown.
        KbkError: this is no clone, or a file is there already.
    """
    if paths.MUTANTS is None:
        raise KbkError("exercises are made in a clone of the repository; this is an installed kbk")
    topic, stem = _named(place)
    if kind not in KINDS:
        raise ArgumentError(f"kind must be one of {', '.join(KINDS)}; it was {kind!r}.")
    _free(topic, stem)
    words = _words(topic, stem, title or stem[3:].replace("_", " ").capitalize())
    suffix, comment = (".py", "#") if kind == "predict" else (".cu", "//")
    texts = templates.files(kind)

    def filled(text: str) -> str:
        old = f"{comment} Old: 00/02\n" if topic[:2] >= "02" else ""
        return Template(text).substitute(words, old=old)

    wanted = {
        paths.STUBS / topic / f"{stem}{suffix}": filled(texts.stub),
        learner.tree() / topic / f"{stem}{suffix}": filled(texts.stub),
        paths.SOLUTIONS / topic / f"{stem}{suffix}": filled(texts.solution),
        paths.GRADERS / topic / f"test_{stem}.py": filled(texts.grader),
        paths.MUTANTS / topic / stem / f"{texts.name}{suffix}": filled(texts.mutant),
    }
    for file in wanted:
        if file.exists():
            raise KbkError(f"{file} is there already; nothing was made")
    for file, text in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "x") as out:  # never over a file that came meanwhile
            out.write(text)
    catalogue._all.cache_clear()
    return Made(words["id"], tuple(wanted))


def _named(place: str) -> tuple[str, str]:
    """Folder and stem of an exercise."""
    found = _PLACE.fullmatch(place.strip().removesuffix(".cu").removesuffix(".py"))
    if found is None:
        raise ArgumentError(
            "the place must be a chapter's folder and a numbered name in small letters, like "
            f"'{_a_free_place()}'; it was {place!r}."
        )
    chapter, folder, number, slug = found.groups()
    if chapter not in CHAPTERS:
        raise ArgumentError(f"chapters are 00 to {max(CHAPTERS)}; it was {chapter!r} in {place!r}.")
    if keyword.iskeyword(slug) or slug in _RESERVED:
        raise ArgumentError(f"the name becomes a function's; {slug!r} is a word of the language.")
    if len(slug) > 24:
        raise ArgumentError(f"the name must have at most 24 letters; {slug!r} has {len(slug)}.")
    if number == "00":
        raise ArgumentError(f"exercises are numbered from 01; it was {place!r}.")
    return f"{chapter}_{folder}", f"{number}_{slug}"


def _a_free_place() -> str:
    """A place that nothing has: behind the last exercise of the book."""
    exercises = catalogue.all()
    topic = exercises[-1].topic if exercises else "00_setup"
    number = max((int(each.number) for each in exercises if each.topic == topic), default=0) + 1
    slug = "my_idea"
    while any(each.slug == slug for each in exercises):
        slug += "_too"
    return f"{topic}/{number:02}_{slug}"


def _free(topic: str, stem: str) -> None:
    """Refuse a number or a name that is taken, and a second folder for a chapter."""
    for each in catalogue.all():
        if each.topic[:2] == topic[:2] and each.topic != topic:
            raise ArgumentError(f"chapter {topic[:2]} lies in {each.topic}/; it was {topic!r}.")
        if each.topic == topic and each.number == stem[:2]:
            raise ArgumentError(f"{each.id} is taken: it is {each.stem}.")
        if each.slug == stem[3:]:
            raise ArgumentError(f"the name {stem[3:]!r} is taken: it is that of {each.id}.")


def _words(topic: str, stem: str, title: str) -> dict[str, str]:
    """What the templates are filled with."""
    if not title.isprintable() or len(title) > 60 or re.search(r'["\\{}$]', title):
        raise ArgumentError(
            f"title must be at most 60 letters without quotes, braces and $; it was {title!r}."
        )
    note = "    # AUTHOR: name what it takes from earlier exercises.\n"
    return {
        "id": f"{topic[:2]}/{stem[:2]}",
        "op": stem[3:],
        "title": title,
        "reuses": f'{note}    reuses=("00/02",),\n' if topic[:2] >= "02" else "",
    }
