"""The mark of a verdict: a sign and a word, so that colour never says anything alone."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """How a verdict is shown.

    Attributes:
        kind: "good", "bad", "none" (did not run, or not handed in) or "open" (not graded).
        sign: one character.
        word: one or two words.
    """

    kind: str
    sign: str
    word: str


ABSENT = {
    "missing": "No file {path} was handed in that could be graded.",
    "not-attempted": "{path} is as it came: nothing was written.",
}
"""What to say of an exercise of which no check ran, by its verdict."""

_MARKS = {
    "pass": Mark("good", "✓", "passed"),
    "passed": Mark("good", "✓", "passed"),
    "not-run": Mark("none", "–", "not run"),
    "missing": Mark("none", "–", "not handed in"),
    "not-attempted": Mark("none", "–", "not attempted"),
    "cannot-grade": Mark("open", "?", "not graded"),
}


def of(verdict: str) -> Mark:
    """The mark of a verdict; any that is not known counts as a failure."""
    return _MARKS.get(verdict, Mark("bad", "✗", "failed"))
