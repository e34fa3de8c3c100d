"""The tables of a class, as CSV by RFC 4180 in UTF-8: ``grades.csv`` and ``items.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets compute a cell that begins so, also in the wide forms."""


def grades(records: Sequence[dict[str, Any]]) -> str:
    """A row for each student: points in each exercise, their sum, out of how many, complete.

    What could not be graded is an empty cell, and so is the sum then: it would not be a grade.
    """
    ids = [each["exercise"] for each in records[0]["exercises"]] if records else []
    rows: list[list[Any]] = [["student", *ids, "total", "out of", "complete"]]
    for each in records:
        cells = [
            "" if facts["verdict"] == "cannot-grade" else facts["earned"]
            for facts in each["exercises"]
        ]
        total = each["earned"] if each["complete"] else ""
        whole = "yes" if each["complete"] else "no"
        rows.append([each["student"], *cells, total, each["points"], whole])
    return _csv(rows)


def items(analysis: dict[str, Any]) -> str:
    """A row for each exercise, each check and each known mistake that was made."""
    head = ["exercise", "kind", "name", "hidden", "points", "n", "passed", "pass rate"]
    rows: list[list[Any]] = [[*head, "mean points", "discrimination"]]
    for each in analysis["exercises"]:
        name = each["exercise"]
        facts = [each["points"], each["attempts"], each["passes"], each["pass_rate"]]
        facts += [each["mean_points"], each["discrimination"]]
        rows.append([name, "exercise", each["title"], "", *facts])
        for check in each["checks"]:
            hidden = "yes" if check["hidden"] else "no"
            facts = [check["points"], check["n"], check["passed"], check["pass_rate"]]
            rows.append([name, "check", check["name"], hidden, *facts, check["mean_points"], None])
        for mistake in each["mistakes"]:
            row = [name, "mistake", mistake["mistake"], "", None, mistake["count"]]
            rows.append([*row, None, None, None, None])
    return _csv(rows)


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_cell(each) for each in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet takes for one."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value
