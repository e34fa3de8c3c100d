"""Grades a class: ``kbk grade --submissions DIR --out DIR``.

submissions, trees, matching: who handed in what; nothing of it is trusted.
keys, store: what has been graded stays, and is graded once.
job, schedule: grading a text; many at the same time.
run: all of that for one class.
records, items, tables: what is written about students and about exercises.
redact: what a student may see of it.
progress, commands: what the terminal shows, and the verb.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbk.grade.batch.redact import redacted as redacted
    from kbk.grade.batch.run import grade_all as grade_all

_HOMES = {"grade_all": "run", "redacted": "redact"}

__all__ = ["grade_all", "redacted"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:  # lazy: the verb is declared without torch
        return getattr(import_module(f"kbk.grade.batch.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'kbk.grade.batch' has no attribute {name!r}")
