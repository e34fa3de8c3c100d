"""A check's evidence as plain text, for systems that show text: Gradescope, a log, a summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kbk.grade.export.clean import clean


def of_check(check: dict[str, Any], path: str) -> str:
    """What happened in a check that did not pass; "" for one that did, and for a hidden one.

    Args:
        check: of a student's record, as it is or redacted.
        path: the exercise's file.
    """
    if check["verdict"] in ("pass", "passed", "did not pass"):
        return ""
    return "\n".join(_parts(check, path))


def _parts(check: dict[str, Any], path: str) -> Iterator[str]:
    line = check.get("line")
    yield check["verdict"] if line is None else f"{check['verdict']}, {path}:{line}"
    if check.get("cases") and check["verdict"] != "not-run":
        yield f"{check['passed']} of {check['cases']} cases right"
    if check.get("message"):
        yield ""
        yield clean(check["message"])
    rows = check.get("excerpt") or []
    if rows:
        yield ""
        for each in rows:
            arrow = "-->" if each["line"] == line else "   "
            yield f"{arrow} {each['line']:>4} | {clean(each['text'])}"
    if check.get("diagnosis"):
        yield ""
        yield clean(check["diagnosis"])
