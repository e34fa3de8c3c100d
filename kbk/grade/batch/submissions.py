"""Who handed in what: a folder or a zip for each student, read and never believed."""

from __future__ import annotations

import codecs
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kbk.errors import KbkError
from kbk.grade.batch.matching import match
from kbk.grade.batch.trees import Tree, Unreadable, opened
from kbk.grade.exercise import Exercise

_ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz")
_MOVES = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Letters without a shape that turn the direction of a text, or hide."""
LINKS_OF_OURS: set[Path] = set()
"""Links that the grader itself made, to a submission that lies elsewhere (kbk.grade.export)."""
_MOST_READ = 4  # files that claim to be the same exercise's


@dataclass(frozen=True)
class Handed:
    """A file that a student handed in for an exercise.

    Attributes:
        path: in the submission.
        text: with line ends as on Unix.
        sha256: of that text in UTF-8.
    """

    path: str
    text: str
    sha256: str


@dataclass
class Submission:
    """What a student handed in.

    Attributes:
        student: name of the folder, or of the zip without ``.zip``.
        source: name of the entry.
        files: by exercise.
        problems: sentences; what could not be taken is in here.
        readable: False if the problem is this machine's, or that of the folder of the class: then
            what is missing here may have been handed in.
    """

    student: str
    source: str
    files: dict[str, Handed] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    readable: bool = True


def students(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """The entries of a class by student, and the names of those that mean nothing.

    Raises:
        KbkError: there is no such folder, or no submission in it.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise KbkError(f"--submissions must be a folder; {folder}: {error.strerror}.") from error
    found: dict[str, list[Path]] = {}
    strange = []
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir() or (entry.is_symlink() and not entry.exists()):
            found.setdefault(_printable(entry.name), []).append(entry)
        elif entry.suffix.lower() in (".zip", *_ARCHIVES):
            name = entry.name[: -len(entry.suffix)].removesuffix(".tar")
            found.setdefault(_printable(name), []).append(entry)
        else:
            strange.append(_printable(entry.name))
    if not found:
        raise KbkError(
            f"--submissions must hold a folder or a zip for each student; {folder} none."
        )
    return found, strange


def read(student: str, entries: Sequence[Path], exercises: Sequence[Exercise]) -> Submission:
    """What a student handed in; it never raises for what is in it."""
    names = " and ".join(_printable(entry.name) for entry in entries)
    submission = Submission(student, names)
    if len(entries) > 1:
        submission.problems.append(f"there are {names} for one student: none of them was graded.")
        submission.readable = False
        return submission
    entry = entries[0]
    if entry.is_symlink() and entry not in LINKS_OF_OURS:
        submission.problems.append(f"{names} is a symbolic link; it was not followed.")
        submission.readable = False
        return submission
    if not entry.is_dir() and entry.suffix.lower() != ".zip":
        submission.problems.append(f"{names} must be a folder or a zip.")
        return submission
    try:
        with opened(entry) as tree:
            _take(tree, submission, exercises)
    except Unreadable as error:
        submission.problems.append(f"{names}: {error}.")
        submission.readable = not error.ours
    except OSError as error:
        submission.problems.append(f"{names} cannot be read: {error.strerror}.")
        submission.readable = False
    return submission


def _take(tree: Tree, submission: Submission, exercises: Sequence[Exercise]) -> None:
    submission.problems += tree.problems
    matches = match(tree.names, exercises)
    submission.problems += matches.problems
    for exercise in exercises:
        groups = matches.files.get(exercise.id, [])
        read = [_handed(tree, group, submission) for group in groups]
        best = next((group for group in read if group), [])
        if not best:
            continue
        if len({each.sha256 for each in best}) > 1:
            paths = " and ".join(each.path for each in best)
            submission.problems.append(f"{paths} differ: none of them was graded.")
            continue
        submission.files[exercise.id] = best[0]
        for group in read:
            for each in group:
                if each.sha256 != best[0].sha256:
                    text = f"{each.path} differs from {best[0].path}, which was graded."
                    submission.problems.append(text)
    if not matches.files:
        submission.problems.append("there is no file of any exercise in it.")


def _handed(tree: Tree, group: Sequence[str], submission: Submission) -> list[Handed]:
    found = []
    for name in group[:_MOST_READ]:
        path = _printable(name)
        try:
            text, note = decoded(tree.read(name))
        except Unreadable as error:
            submission.problems.append(f"{path} {error}.")
            submission.readable = submission.readable and not error.ours
            continue
        if note:
            submission.problems.append(f"{path} {note}.")
        found.append(Handed(path, text, hashlib.sha256(text.encode()).hexdigest()))
    return found


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a file, and what is to be said of how it was read, or "".

    Raises:
        Unreadable: it is no text.
    """
    note = ""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text, note = data.decode("utf-16", errors="replace"), "is UTF-16; it was read as that"
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
            note = "is not UTF-8; it was read as Windows-1252"
    if "\0" in text:
        raise Unreadable("is no text: it has a NUL")
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def _printable(name: str) -> str:
    """A name without what no file in UTF-8 can hold, and what moves the text around it.

    Two names stay two: a backslash is doubled.
    """
    return "".join(map(_escaped, name))


def _escaped(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in _MOVES:
        code = ord(letter)
        if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
            code -= 0xDC00
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return letter
