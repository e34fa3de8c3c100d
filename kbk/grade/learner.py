"""A learner's side: the files being edited, hints taken, progress, and going back to the start.

Nothing here overwrites a learner's work without a copy of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from kbk import paths
from kbk.errors import ArgumentError, KbkError
from kbk.grade import catalogue, pictures, plain
from kbk.grade.details import PATIENCE, detailed
from kbk.grade.exercise import Exercise
from kbk.grade.grader import grade
from kbk.grade.judge import Fault
from kbk.grade.report import VERDICTS, CheckResult, Report
from kbk.grade.results import stopped


def tree() -> Path:
    """The folder of the files being edited: ``KBK_EXERCISES``, else that of the clone."""
    given = os.environ.get("KBK_EXERCISES")
    if not given:
        return paths.EXERCISES
    try:
        folder = Path(given).expanduser()
        folder.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise KbkError(f"KBK_EXERCISES must be a folder; it was {given[:80]!r}: {error}.") from None
    return folder


_MOST_BYTES = 1 << 20


def _state_folder() -> Path:
    return tree().parent / ".kbk"


def file_of(exercise: Exercise) -> Path:
    """The learner's file."""
    return tree() / exercise.path


class NotText(KbkError):
    """A file that is no text in UTF-8.

    Attributes:
        line: of the first byte that is none.
    """

    def __init__(self, file: Path, error: UnicodeDecodeError) -> None:
        before, wrong = error.object[: error.start], error.object[error.start]
        self.line = before.count(b"\n") + 1
        begin = before.rfind(b"\n") + 1
        row = error.object[begin:].split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        super().__init__(
            f"{shown(file)}:{self.line} must be text in UTF-8; it has the byte 0x{wrong:02x}, at "
            f"the sign \ufffd here:\n  {plain.printable(row)[:80]}\n"
            "Type that character again, or save the file with the encoding UTF-8."
        )


def text_of(exercise: Exercise) -> str:
    """The learner's text; the stub's where there is no file yet.

    Raises:
        KbkError: the file cannot be read as text.
    """
    file = file_of(exercise)
    try:
        if not file.exists():
            return catalogue.stub_text(exercise)
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            raise KbkError(f"{file} must be a file of at most {_MOST_BYTES:,} bytes.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText(file, error) from error
    except OSError as error:
        raise KbkError(f"{file} cannot be read: {error}.") from error


def check(
    exercise: Exercise,
    source: str | None = None,
    *,
    seed: int | None = None,
    machine: str = "cpu",
    patience: float = PATIENCE,
) -> Report:
    """Grade the learner's file, or ``source``, and remember how it went.

    Args:
        exercise: which.
        source: the text to grade; by default that of the file.
        seed: of the random inputs; None draws one.
        machine: "cpu" or "cuda".
        patience: seconds to wait for what is found out about wrong values after the verdict
            (kbk.grade.details); 0 leaves it out.

    An unedited stub is run too, and its report says how it fails, under the verdict
    ``not-attempted``.
    """
    try:
        text = text_of(exercise) if source is None else source.removeprefix("\ufeff")
    except NotText as error:
        return _not_text(exercise, error)
    except KbkError as error:
        return _unreadable(exercise, str(error))
    report = grade(exercise, text, seed=seed, machine=machine)
    if same_text(text, catalogue.stub_text(exercise)):
        where = f"{shown(file_of(exercise))} is as it came: edit it, then check again."
        if source is not None:
            where = "The text of this cell is as it came: edit it, then run the cell again."
        elif not file_of(exercise).exists():
            where = f"{shown(file_of(exercise))} is not there: `kbk reset {exercise.id}` makes it."
        report = replace(report, verdict="not-attempted", earned=0, unedited=where)
    report = replace(report, cell=source is not None)
    if pictures.has_picture(report):
        report = replace(report, pictures=lru_cache(1)(partial(pictures.as_html, exercise, report)))
    if machine == "cpu":
        _remember(exercise, report)
    return detailed(exercise, report, patience) if patience > 0 else report


def shown(file: Path) -> str:
    """A path as a learner in the clone's folder would write it."""
    root = paths.REPOSITORY
    return str(file.relative_to(root)) if root and file.is_relative_to(root) else str(file)


def _unreadable(exercise: Exercise, sentence: str) -> Report:
    first = exercise.checks[0]
    result = CheckResult(first.name, "cannot-grade", first.points, 0, message=sentence)
    return Report(
        exercise.id,
        exercise.title,
        exercise.path,
        "cannot-grade",
        "cannot-grade",
        (result,),
        exercise.points,
        0,
    )


def _not_text(exercise: Exercise, error: NotText) -> Report:
    """No compiler takes it, wherever it is: as with any other text that does not compile."""
    results = stopped(list(exercise.checks), Fault("compile-error", str(error), error.line))
    return replace(
        _unreadable(exercise, str(error)),
        verdict="compile-error",
        first="compile-error",
        checks=tuple(results),
    )


def same_text(a: str, b: str) -> bool:
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
    hints = _number(kept.get("hints"), len(exercise.hints))
    try:
        text = text_of(exercise)
    except KbkError:
        return Standing(exercise, "unreadable", 0, hints)
    verdict = kept.get("verdict")
    known = verdict in VERDICTS and verdict != "not-attempted"
    if known and kept.get("digest") == _digest(text):
        return Standing(exercise, str(verdict), _number(kept.get("earned"), exercise.points), hints)
    if same_text(text, catalogue.stub_text(exercise)):
        return Standing(exercise, "not attempted", 0, hints)
    return Standing(exercise, "edited", 0, hints)


def _number(value: object, most: int) -> int:
    """A number that was remembered, within its bounds; 0 for what is none."""
    return min(max(value, 0), most) if isinstance(value, int) else 0


def offered(topic: str = "") -> tuple[Exercise, ...]:
    """The exercises of the book; beside an installed kbk, those of which files lie here, if any.

    Such a folder is an assignment: what it leaves out is not the learner's to do.
    """
    every = catalogue.all(topic)
    here = () if paths.REPOSITORY else tuple(each for each in every if file_of(each).exists())
    return here or every


def next_open() -> Exercise | None:
    """The first exercise that is offered and has not passed; None when all have."""
    return next((e for e in offered() if standing(e).state != "pass"), None)


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
    file = file.resolve() if file.is_symlink() and file.exists() else file
    if file.exists() and not file.is_file():
        raise KbkError(f"{file} must be a file; nothing was reset.")
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


_VERSION = 1


def _state() -> dict[str, dict[str, Any]]:
    """What is remembered of each exercise; a damaged file counts as none."""
    document, _ = _read_state()
    return {name: each for name, each in document["exercises"].items() if isinstance(each, dict)}


def _read_state() -> tuple[dict[str, Any], bool]:
    """The whole file, also what only a later version knows, and whether it is damaged."""
    file = _state_folder() / "progress.json"
    empty: dict[str, Any] = {"version": _VERSION, "exercises": {}}
    try:
        document = json.loads(file.read_text())
    except FileNotFoundError:
        return empty, False
    except (OSError, ValueError, RecursionError):
        return empty, not _unreadable_now(file)
    if not isinstance(document, dict) or not isinstance(document.get("exercises"), dict):
        return empty, True
    return document, False


def _unreadable_now(file: Path) -> bool:
    """Whether the file cannot be read at all: then nobody knows whether it is damaged."""
    try:
        file.read_bytes()
    except OSError:
        return True
    return False


def _remember(exercise: Exercise, report: Report) -> None:
    if report.verdict == "cannot-grade":
        return
    if report.cell:  # what is remembered of the file stays
        if report.ok:
            _update(exercise, passed=True)
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
    folder = _state_folder()
    with _lock, contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of other processes; the system gives it back
            file = folder / "progress.json"
            document, damaged = _read_state()
            if damaged:
                _set_aside(file)
            elif file.exists() and _unreadable_now(file):
                return  # what is there stays
            state = document["exercises"]
            before = state.get(exercise.id)
            state[exercise.id] = {**(before if isinstance(before, dict) else {}), **facts}
            _write(file, json.dumps(document, indent=1))


def _set_aside(file: Path) -> None:
    """Keep a damaged file under another name, which no file has."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for extra in ("", *(f"-{number}" for number in range(2, 1000))):
        kept = file.with_suffix(f".damaged-{stamp}{extra}")
        if not kept.exists():
            file.rename(kept)
            return


def _write(file: Path, text: str) -> None:
    """All or nothing: a full disk leaves the old file."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())  # a power cut leaves one or the other, not an empty file
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        os.chmod(name, mode)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
