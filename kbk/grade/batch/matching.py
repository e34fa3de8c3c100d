"""Which file of a submission is whose exercise's: by its path, or by its name alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kbk.grade import catalogue
from kbk.grade.exercise import Exercise

_OURS = ("solutions", "stubs", "tests", "mutants")
"""Folders of a clone that hold files of exercises which nobody hands in."""
_MOST_HINTS = 8


@dataclass
class Matches:
    """The files that may be an exercise's.

    Attributes:
        files: by exercise, groups of names, the most likely group first. In a group there is more
            than one where nothing tells them apart.
        problems: sentences about files that mean nothing, or more than one thing.
    """

    files: dict[str, list[list[str]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def match(names: Iterable[str], exercises: Sequence[Exercise]) -> Matches:
    """Find the exercises of the files.

    Taken are ``00_setup/02_guard.cu``, that below ``exercises/``, below one more folder, or below
    both; then, in the same places, ``02_guard.cu`` alone.

    Args:
        names: with ``/`` between folders.
        exercises: of the assignment.
    """
    found = Matches()
    ranked: dict[str, dict[int, list[str]]] = {}
    topics = {each.topic for each in catalogue.all()} | {each.topic for each in exercises}
    by_path = {each.path: each.id for each in exercises}
    by_name: dict[str, list[Exercise]] = {}
    for each in exercises:
        by_name.setdefault(each.path.rpartition("/")[2], []).append(each)
    of_the_book = {each.path.rpartition("/")[2] for each in catalogue.all()}
    strange = []
    for name in names:
        parts = name.split("/")
        exercise = by_path.get("/".join(parts[-2:]))
        rank = _rank(parts[:-2], topics)
        if exercise is not None:
            if rank is not None:
                ranked.setdefault(exercise, {}).setdefault(rank, []).append(name)
            continue
        same = by_name.get(parts[-1], [])
        rank = _rank(parts[:-1], topics)
        if rank is None or (not same and parts[-1] in of_the_book):  # of another chapter
            continue
        if len(same) == 1:
            ranked.setdefault(same[0].id, {}).setdefault(rank + 10, []).append(name)
        elif same:
            folders = " or ".join(each.topic for each in same)
            found.problems.append(f"{name} could be of {folders}: put it into its folder.")
        elif parts[-1].endswith((".cu", ".py")):
            strange.append(name)
    found.files = {key: [at[rank] for rank in sorted(at)] for key, at in ranked.items()}
    found.problems += _hints(strange, exercises)
    return found


def _rank(folders: Sequence[str], topics: set[str]) -> int | None:
    """How likely a file is meant, by the folders in front of it: 0 the most; None not at all."""
    if not folders:
        return 0
    if list(folders) == ["exercises"]:
        return 1
    wrapped = folders[0] not in (*_OURS, *topics)
    if len(folders) == 1 and wrapped:
        return 2
    return 3 if len(folders) == 2 and wrapped and folders[1] == "exercises" else None


def _hints(strange: Sequence[str], exercises: Sequence[Exercise]) -> Iterable[str]:
    """Sentences about sources that bear no exercise's name."""
    paths = {each.path.rpartition("/")[2]: each.path for each in exercises}
    for name in strange[:_MOST_HINTS]:
        near = difflib.get_close_matches(name.rpartition("/")[2], list(paths), n=1, cutoff=0.7)
        hint = f"; did you mean {paths[near[0]]}?" if near else "."
        yield f"{name} is no exercise's file{hint}"
