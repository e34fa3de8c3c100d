"""Runs mutants and records what stopped them: `python -m kbk.grade.mistakes [--again] [00/02 ...]`.

The record, kbk/grade/mistakes.json, holds for each exercise
    stamp      a digest of its grader and its mutants: what has not changed is not run again
    mistakes   fingerprints of the mutants (kbk.grade.mistakes)
    kills      for each mutant the first check that failed, and the verdict; "" if none failed
    trivial    for each output that solves nothing the check that rejects it; "" if none does
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kbk import paths
from kbk.errors import KbkError
from kbk.grade import catalogue, mistakes
from kbk.grade.exercise import Exercise
from kbk.grade.grader import grade
from kbk.grade.stand_ins import STAND_INS, passed

_BY_TIME = ("hang", "compile-timeout", "cannot-grade")
"""Verdicts that a busy machine can give, too."""
_FIELDS = ("stamp", "mistakes", "kills", "trivial")


def entry(exercise: Exercise, old: dict[str, Any] | None = None) -> dict[str, Any]:
    """The record of an exercise; parts of ``old`` that are of the same texts are kept.

    Raises:
        KbkError: a submission cannot be graded here, so that nothing can be said of it.
    """
    texts = dict(mistakes.mutants(exercise))
    stamp = mistakes.stamp_of(exercise, texts)
    made: dict[str, Any] = dict(old) if old and old.get("stamp") == stamp else {"stamp": stamp}
    if "mistakes" not in made:
        made["mistakes"] = _fingerprints(exercise, texts)
    if "kills" not in made:
        made["kills"] = {name: kill(exercise, name, text) for name, text in texts.items()}
    if "trivial" not in made:
        made["trivial"] = {name: rejected_by(exercise, name) for name in STAND_INS}
    return {name: made[name] for name in _FIELDS}


def _fingerprints(exercise: Exercise, texts: dict[str, str]) -> dict[str, Any]:
    checks = {each.name: each for each in exercise.checks}
    found = {}
    for name, text in texts.items():
        check = checks[exercise.mutants[name]]
        told = None if check.gate else mistakes.fingerprint(exercise, text, check)
        if told is not None:
            found[name] = {"check": check.name, "fingerprint": told}
            found[name]["mistake"] = mistakes.mistake_of(text)
    return found


def kill(exercise: Exercise, name: str, text: str) -> dict[str, str]:
    """What stops a wrong submission: the first check that fails, and its verdict; "" if nothing."""
    print(f"{exercise.id} {name}", file=sys.stderr)
    failed = grade(exercise, text, seed=mistakes.SEED).failed
    if failed is not None and failed.verdict in _BY_TIME:
        failed = grade(exercise, text, seed=mistakes.SEED).failed  # it may have been the machine
    if failed is not None and failed.verdict == "cannot-grade":
        raise KbkError(f"{exercise.id} {name} cannot be graded here: {failed.message}")
    if failed is None:
        return {"check": "", "verdict": ""}
    return {"check": failed.name, "verdict": failed.verdict}


def rejected_by(exercise: Exercise, stand_in: str) -> str:
    """The first check that an output which solves nothing fails; "" if there is none."""
    results = passed(exercise, stand_in, mistakes.SEED)
    return next((name for name, good in results.items() if not good), "")


def update(exercises: Sequence[Exercise], file: Path, *, again: bool = False) -> None:
    """Bring the record of some exercises up to date, each as soon as it is known.

    Others may do so at the same time: what they have written stays.

    Args:
        exercises: which.
        file: of the record.
        again: run also what has not changed: after a change of what judges.
    """
    for exercise in exercises:
        made = entry(exercise, None if again else _read(file).get(exercise.id))
        with _alone(file.parent):
            known = {**_read(file), exercise.id: made}
            there = {each.id for each in catalogue.all()}
            kept = {name: known[name] for name in sorted(known) if name in there}
            text = json.dumps({"version": 1, "seed": mistakes.SEED, "exercises": kept}, indent=1)
            fresh = file.with_suffix(".new")
            fresh.write_text(text + "\n")
            os.replace(fresh, file)
    mistakes.forget()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process of ours writes a record into the folder meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(file: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(file.read_text())["exercises"]
    except (OSError, ValueError, KeyError):
        return {}
    return known


def main(names: Sequence[str]) -> int:
    """Record these exercises and chapters, or all; with --again also what has not changed."""
    if paths.MUTANTS is None:
        print("the record is made in a clone: no mutants are installed", file=sys.stderr)
        return 2
    try:
        topics = {key for each in catalogue.all() for key in (each.topic, each.topic[:2])}
        chosen = [
            each
            for name in names
            if name != "--again"
            for each in (catalogue.all(name) if name in topics else (catalogue.find(name),))
        ]
        update(chosen or catalogue.all(), mistakes.FILE, again="--again" in names)
    except (KbkError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0
