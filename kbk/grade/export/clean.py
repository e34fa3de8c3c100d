"""Makes a stranger's text fit to be shown: no control characters, no colours, no hidden turns."""

from __future__ import annotations

import re
from html import escape

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of a line around
    "\ud800-\udfff\ufffe\uffff]"  # what no encoding and no XML may have
)
MOST = 20_000
"""Characters of one text that are shown."""


def clean(text: str) -> str:
    """The text without escape sequences; other unfit characters become U+FFFD, long text ends."""
    plain = _ANSI.sub("", text.replace("\r\n", "\n"))
    plain = _UNFIT.sub("\ufffd", plain)
    left = len(plain) - MOST
    return plain if left <= 0 else f"{plain[:MOST]}\n... ({left:,} characters more)"


def html(text: str) -> str:
    """The text for HTML, also inside of an attribute."""
    return escape(clean(text), quote=True)


def line(text: str, most: int = 200) -> str:
    """The first line of a text, not longer than ``most`` characters."""
    first = (clean(text).strip().splitlines() or [""])[0].strip()
    return first if len(first) <= most else f"{first[: most - 1]}…"
