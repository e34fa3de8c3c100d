"""Reads what ``kbk grade`` wrote of each student, and takes nothing that its schema refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbk.errors import KbkError
from kbk.grade.export import schema

_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Student:
    """One student's record.

    Attributes:
        name: of the file, without ``.json``: what files made from it are called.
        facts: the record, as ``schemas/student.schema.json`` describes it, with hidden checks.
    """

    name: str
    facts: dict[str, Any]


def read(out: Path) -> list[Student]:
    """The records of a grading, by name.

    Raises:
        KbkError: there is no such folder, or a file in it is no valid record.
    """
    folder = out / "students"
    if not folder.is_dir():
        raise KbkError(f"{out} must hold students/*.json, which `kbk grade` writes there.")
    files = sorted(each for each in folder.glob("*.json") if not each.name.startswith("."))
    return [Student(each.stem, _record(each)) for each in files]


def _record(file: Path) -> dict[str, Any]:
    facts = _json(file)
    schema.require(facts, "student", str(file))
    return dict(facts)


def items(out: Path) -> dict[str, Any]:
    """The item analysis, ``items.json``; {} if there is none.

    Raises:
        KbkError: the file is there and is no such analysis.
    """
    file = out / "items.json"
    if not file.exists():
        return {}
    found = _json(file)
    schema.require(found, "items", str(file))
    return dict(found)


def _json(file: Path) -> Any:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise KbkError(f"{file} must be a record of at most {_MOST_BYTES >> 20} MiB.")
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise KbkError(f"{file} cannot be read as JSON: {error}.") from error
