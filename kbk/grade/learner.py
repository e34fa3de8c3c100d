"""A learner's side: the files being edited, hints taken, progress, and going back to the start.

Nothing here overwrites a learner's work without a copy of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kbk import paths
from kbk.errors import ArgumentError, KbkError
from kbk.grade import catalogue
from kbk.grade.exercise import Exercise
from kbk.grade.grader import grade
from kbk.grade.report import Report


def tree() -> Path:
    """The folder of the files being edited: ``KBK_EXERCISES``, else that of the clone."""
    given = os.environ.get("KBK_EXERCISES")
    return Path(given).expanduser() if given else paths.EXERCISES


def _state_folder() -> Path:
    return tree().parent / ".kbk"


def file_of(exercise: Exercise) -> Path:
    """The learner's file."""
    return tree() / exercise.path


def text_of(exercise: Exercise) -> str:
    """The learner's text; the stub's where there is no file yet.

    Raises:
        KbkError: the file cannot be read as text.
    """
    file = file_of(exercise)
    if not file.exists():
        return catalogue.stub_text(exercise)
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise KbkError(f"{file} must be a text file in UTF-8: {error}.") from error


def check(
    exercise: Exercise,
    source: str | None = None,
    *,
    seed: int | None = None,
    machine: str = "cpu",
) -> Report:
    """Grade the learner's file, or ``source``, and remember how it went.

    An unedited stub is run too, and its report says how it fails, under the verdict
    ``not-attempted``.
    """
    text = text_of(exercise) if source is None else source
    report = grade(exercise, text, seed=seed, machine=machine)
    if not report.ok and _same(text, catalogue.stub_text(exercise)):
        where = f"exercises/{exercise.path} is as it came: edit it, then check again."
        if source is not None:
            where = "The text of this cell is as it came: edit it, then run the cell again."
        elif not file_of(exercise).exists():
            where = f"exercises/{exercise.path} is not there: `kbk reset {exercise.id}` makes it."
        report = replace(report, verdict="not-attempted", earned=0, unedited=where)
    report = replace(report, cell=source is not None)
    _remember(exercise, report)
    return report


def _same(a: str, b: str) -> bool:
    """Whether two texts differ in blank space at the ends of lines at most."""
    return [line.rstrip() for line in a.strip().splitlines()] == [
        line.rstrip() for line in b.strip().splitlines()
    ]


@dataclass(frozen=True)
class Standing:
    """How an exercise stands.

    Attributes:
        exercise: which.
        state: "not attempted", "edited" (never checked, or changed since), or the last verdict.
        earned: points of the last check of the present text, else 0.
        hints: how many have been shown.
    """

    exercise: Exercise
    state: str
    earned: int
    hints: int


def standing(exercise: Exercise) -> Standing:
    """How an exercise stands, from the learner's file and the last check."""
    kept = _state().get(exercise.id, {})
    hints = int(kept.get("hints", 0))
    try:
        text = text_of(exercise)
    except KbkError:
        return Standing(exercise, "unreadable", 0, hints)
    if kept.get("digest") == _digest(text) and kept.get("verdict") != "not-attempted":
        return Standing(exercise, str(kept["verdict"]), int(kept.get("earned", 0)), hints)
    if _same(text, catalogue.stub_text(exercise)):
        return Standing(exercise, "not attempted", 0, hints)
    return Standing(exercise, "edited", 0, hints)


def next_open() -> Exercise | None:
    """The first exercise of the book that has not passed; None when all have."""
    return next((e for e in catalogue.all() if standing(e).state != "pass"), None)


def hint(exercise: Exercise, level: int | None = None) -> tuple[int, str]:
    """A hint and its level, 1 to 3; by default the next one that was not shown yet.

    Raises:
        ArgumentError: there is no such level.
    """
    if level is None:
        level = min(standing(exercise).hints + 1, len(exercise.hints))
    if not isinstance(level, int) or not 1 <= level <= len(exercise.hints):
        raise ArgumentError(f"level must be 1 to {len(exercise.hints)}; it was {level!r}.")
    shown = max(level, standing(exercise).hints)
    _update(exercise, hints=shown)
    return level, exercise.hints[level - 1]


def may_see_solution(exercise: Exercise) -> bool:
    """Whether the exercise has passed once, so that the solution spoils nothing."""
    return _state().get(exercise.id, {}).get("passed") is True


def reset(exercise: Exercise) -> Path | None:
    """Put the stub back; return the copy of what was there, or None if there was nothing to keep.

    Raises:
        KbkError: the copy cannot be written; then the file is untouched.
    """
    file = file_of(exercise)
    backup = None
    if file.exists() and not _same_bytes(file, catalogue.stub_text(exercise)):
        backup = _free_name(_state_folder() / "backups" / exercise.topic, exercise)
        try:
            backup.parent.mkdir(parents=True, exist_ok=True)
            backup.write_bytes(file.read_bytes())
        except OSError as error:
            raise KbkError(f"no copy could be kept, so nothing was reset: {error}.") from error
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, catalogue.stub_text(exercise))
    except OSError as error:
        raise KbkError(f"{file} cannot be written: {error}.") from error
    return backup


def _same_bytes(file: Path, text: str) -> bool:
    try:
        return file.read_bytes() == text.encode()
    except OSError:
        return False


def _free_name(folder: Path, exercise: Exercise) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1000):
        extra = f"-{number}" if number else ""
        name = folder / f"{exercise.stem}.{stamp}{extra}{exercise.suffix}"
        if not name.exists():
            return name
    raise KbkError(f"{folder} holds too many copies of this second.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _state() -> dict[str, Any]:
    """What is remembered; a damaged file counts as none."""
    try:
        state = json.loads((_state_folder() / "progress.json").read_text())
        exercises = state["exercises"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    kept = exercises if isinstance(exercises, dict) else {}
    return {name: each for name, each in kept.items() if isinstance(each, dict)}


def _remember(exercise: Exercise, report: Report) -> None:
    if report.verdict == "cannot-grade":
        return
    _update(
        exercise,
        passed=report.ok or may_see_solution(exercise),
        verdict=report.verdict,
        earned=report.earned,
        digest=_digest(report.source),
        when=time.strftime("%Y-%m-%dT%H:%M:%S"),
    )


_lock = threading.Lock()


def _update(exercise: Exercise, **facts: Any) -> None:
    """Change what is remembered of an exercise; a disk that refuses loses only that."""
    with _lock, contextlib.suppress(OSError):
        state = _state()
        state[exercise.id] = {**state.get(exercise.id, {}), **facts}
        _state_folder().mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": 1, "exercises": state}, indent=1)
        _write(_state_folder() / "progress.json", text)


def _write(file: Path, text: str) -> None:
    """All or nothing: a full disk leaves the old file."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(text)
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        os.chmod(name, mode)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
