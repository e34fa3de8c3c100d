"""Finds the exercises: one grader file each under tests/exercises, numbered like the chapters."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import re
import sys
from functools import lru_cache
from pathlib import Path

from kbk import paths
from kbk.errors import ArgumentError, KbkError
from kbk.grade.exercise import Exercise


def load(file: Path) -> Exercise:
    """The exercise that a grader file declares."""
    name = f"kbk_grader_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise KbkError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    exercise = getattr(module, "EXERCISE", None)
    if not isinstance(exercise, Exercise):
        raise KbkError(f"{file} must define EXERCISE, a kbk.grade.Exercise")
    return exercise.bind(file)


@lru_cache(maxsize=1)
def _all(folder: Path) -> tuple[Exercise, ...]:
    return tuple(load(file) for file in sorted(folder.glob("[0-9]*_*/test_[0-9]*_*.py")))


def all(topic: str = "") -> tuple[Exercise, ...]:
    """Every exercise in the order of the book; of one chapter, if ``topic`` is "00" or "00_setup".

    Raises:
        ArgumentError: there is no such chapter.
    """
    exercises = _all(paths.GRADERS)
    if not topic:
        return exercises
    found = tuple(each for each in exercises if each.topic == topic or each.topic[:2] == topic)
    if not found:
        topics = sorted({each.topic for each in exercises})
        raise ArgumentError(f"no chapter {topic!r} has exercises; there are {', '.join(topics)}.")
    return found


def find(name: str) -> Exercise:
    """The exercise that ``name`` means: "00/02", "guard", "02_guard", or the path of its file.

    Raises:
        ArgumentError: none, or more than one; says which are near.
    """
    exercises = all()
    if not isinstance(name, str) or not name.strip():
        raise ArgumentError(f"an exercise is named like '00/02' or 'guard'; it was {name!r}.")
    wanted = name.strip().replace("\\", "/").rstrip("/")
    short = Path(wanted).with_suffix("").as_posix()
    numbers = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})", wanted)
    if numbers:
        short = f"{int(numbers[1]):02}/{int(numbers[2]):02}"
    found = []
    for each in exercises:
        whole = f"{each.topic}/{each.stem}"
        names = {
            each.id,
            each.slug,
            each.stem,
            each.title.lower(),
            whole,
            f"{each.topic}/{each.number}",
        }
        if short.lower() in names or wanted.lower() in names or short.endswith(f"/{whole}"):
            found.append(each)
    if not found:
        found = [each for each in exercises if each.slug.startswith(short)]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{each.id} ({each.slug})" for each in found)
        raise ArgumentError(f"exercise {name!r} could be {choices}.")
    known = {key: each for each in exercises for key in (each.id, each.slug)}
    near = [] if numbers else difflib.get_close_matches(short, list(known), n=1, cutoff=0.5)
    hint = f"; did you mean {known[near[0]].id} ({known[near[0]].slug})?" if near else ""
    raise ArgumentError(f"there is no exercise {name!r}{hint or '; `kbk list` shows all'}")


def stub_text(exercise: Exercise) -> str:
    """The pristine text of an exercise, as a learner gets it."""
    return (paths.STUBS / exercise.path).read_text()


def solution_text(exercise: Exercise) -> str:
    """The text of the solution.

    Raises:
        KbkError: there is none here: a kbk that was packed to grade a class has no solutions.
    """
    try:
        return (paths.SOLUTIONS / exercise.path).read_text()
    except FileNotFoundError:
        raise KbkError(f"the solution of {exercise.id} is not in this kbk.") from None
