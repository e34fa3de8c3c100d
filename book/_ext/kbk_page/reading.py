"""How long a page takes to read, computed from its MyST text.

200 words a minute, 5 s a line of code, 45 s a figure, 30 s a table. Cells whose input or output
is folded away count for nothing of what is folded: the reader who opens them takes that time by
choice.
The core of a page is what stands before its stop box.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

WORDS_A_MINUTE = 200
SECONDS_A_CODE_LINE = 5
SECONDS_A_FIGURE = 45
SECONDS_A_TABLE = 30

_FRONT = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
_STOP = re.compile(r"^(?:```|:::)\{stop\}", re.MULTILINE)
_FENCE = re.compile(r"^(`{3,}|~{3,})(?:\{([\w-]+)\})?(.*)$")
_COLONS = re.compile(r"^:{3,}")
_OPTION = re.compile(r"^:[\w-]+:")
_LINK = re.compile(r"\]\([^)]*\)|<https?://[^>]*>")
_WORD = re.compile(r"\w\S*")
_DRAWS = re.compile(r"\bshow_figure\(|\bplots\.(?!\w*_rows\b)[a-z]\w*\(|\bkbk\.draw\.[a-z]\w*\(")
_TABULATES = re.compile(r"\bshow_table\(")
PROSE = {"admonition", "note", "tip", "warning", "dropdown", "do", "stop", "chapter-card"}
FIGURES = {"image", "figure"}


@dataclass(frozen=True)
class Amount:
    """What there is to read."""

    words: int = 0
    code_lines: int = 0
    figures: int = 0
    tables: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.words + other.words,
            self.code_lines + other.code_lines,
            self.figures + other.figures,
            self.tables + other.tables,
        )

    @property
    def minutes(self) -> int:
        """Minutes, rounded up."""
        seconds = (
            self.words * 60 / WORDS_A_MINUTE
            + self.code_lines * SECONDS_A_CODE_LINE
            + self.figures * SECONDS_A_FIGURE
            + self.tables * SECONDS_A_TABLE
        )
        return math.ceil(seconds / 60)


@dataclass(frozen=True)
class Reading:
    """The amounts of a page: up to its stop box, and altogether."""

    core: Amount
    full: Amount


def _words(line: str) -> int:
    return len(_WORD.findall(_LINK.sub("]", line)))


def _code(lines: list[str], cell: bool) -> Amount:
    """A fenced block of code. Of a cell also what it shows, unless it says that this is folded."""
    options = [line for line in lines if cell and _OPTION.match(line)]
    code = [line for line in lines if line.strip() and line not in options]
    if not cell:
        return Amount(code_lines=len(code))
    text, tags = "\n".join(code), " ".join(options)
    hidden = "hide-cell" in tags or "remove-cell" in tags
    shows = not hidden and "hide-output" not in tags and "remove-output" not in tags
    reads = not hidden and "hide-input" not in tags and "remove-input" not in tags
    return Amount(
        code_lines=len(code) if reads else 0,
        figures=len(_DRAWS.findall(text)) if shows else 0,
        tables=len(_TABULATES.findall(text)) if shows else 0,
    )


def _fenced(name: str, lines: list[str]) -> Amount:
    """A fenced block by the name of its directive, "" for none."""
    if name in FIGURES:
        return Amount(figures=0 if "only-dark" in " ".join(lines) else 1)
    if name in PROSE:
        return amount("\n".join(line for line in lines if not _OPTION.match(line)))
    return _code(lines, name == "code-cell")


def _amounts(text: str) -> Iterator[Amount]:
    lines = iter(_FRONT.sub("", text).splitlines())
    in_table = False
    for line in lines:
        fence = _FENCE.match(line)
        row = line.startswith("|")
        if row and not in_table:
            yield Amount(tables=1)
        in_table = row
        if fence:
            block = []
            for inner in lines:
                if inner.rstrip() == fence[1]:
                    break
                block.append(inner)
            yield _fenced(fence[2] or "", block)
        elif _COLONS.match(line):
            if re.search(r"\{(?:image|figure)\}", line):
                block = []
                for inner in lines:
                    if _COLONS.match(inner):
                        break
                    block.append(inner)
                yield _fenced("image", block)
            else:
                yield Amount(words=_words(re.sub(r"\{[\w-]+\}", "", line)))
        elif not row and not _OPTION.match(line):
            yield Amount(words=_words(line))


def amount(text: str) -> Amount:
    """What there is to read in a piece of MyST text."""
    return sum(_amounts(text), Amount())


def measure(page: str) -> Reading:
    """What there is to read on a page. Without a stop box all of it is core."""
    return Reading(amount(_STOP.split(page, maxsplit=1)[0]), amount(page))
