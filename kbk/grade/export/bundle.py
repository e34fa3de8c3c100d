"""An assignment as it travels to another system: a file, its further checks, a fixed seed."""

from __future__ import annotations

import json
import secrets

from kbk.errors import KbkError
from kbk.grade.assignment import Assignment

EXTRA = "extra"
_MOST_BYTES = 4 << 20


def seed_of(assignment: Assignment) -> int:
    """Its seed, or one drawn now: the same for everybody who is graded with the bundle."""
    return secrets.randbelow(1 << 32) if assignment.seed is None else assignment.seed


def toml(assignment: Assignment, seed: int) -> str:
    """The assignment file: every exercise by its id, every hidden check by its name."""
    hidden = [
        f"{exercise} {check}"
        for exercise in sorted(assignment.hidden)
        for check in sorted(assignment.hidden[exercise])
    ]
    rows = [
        f"title = {_string(assignment.title)}",
        f"exercises = {_strings([each.id for each in assignment.exercises])}",
        f"hidden = {_strings(hidden)}",
        f"seed = {seed}",
    ]
    if assignment.extra:
        rows += [f"extra = {_string(EXTRA)}", "extra_hidden = false"]  # `hidden` names them
    return "\n".join(rows) + "\n"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # also a string of TOML


def _strings(texts: list[str]) -> str:
    return f"[{', '.join(map(_string, texts))}]"


def extra_files(assignment: Assignment) -> dict[str, bytes]:
    """What lies in the folder of the further checks, by its path in the bundle.

    Raises:
        KbkError: it is too large, or cannot be read.
    """
    folders = {file.parent.parent for file in assignment.extra.values()}
    found: dict[str, bytes] = {}
    try:
        for folder in sorted(folders):
            for path in sorted(folder.rglob("*")):
                inside = path.relative_to(folder)
                skipped = any(part.startswith((".", "__pycache__")) for part in inside.parts)
                if path.is_file() and not skipped:
                    found[f"{EXTRA}/{inside.as_posix()}"] = path.read_bytes()
    except OSError as error:
        raise KbkError(f"the folder of further checks cannot be read: {error}.") from error
    size = sum(map(len, found.values()))
    if size > _MOST_BYTES:
        raise KbkError(
            f"the further checks must be at most {_MOST_BYTES:,} bytes; they are {size:,}."
        )
    return found
