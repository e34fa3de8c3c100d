"""C++ as far as the map reads it: comments apart from code, kernels, functions, includes."""

from __future__ import annotations

import re

_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_BLOCK = re.compile(r"/\*.*?\*/|(?:^[ \t]*//[^\n]*(?:\n|\Z))+|//[^\n]*", re.DOTALL | re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^">\n]+)[>"]', re.MULTILINE)


def code(text: str) -> str:
    """The text without comments; lines stay, strings stay."""

    def keep(found: re.Match[str]) -> str:
        return found[0] if found[0][0] == '"' else "\n" * found[0].count("\n")

    return _TOKEN.sub(keep, text)


def comments(text: str) -> list[str]:
    """Each comment; neighbouring ``//`` lines are one."""
    return _BLOCK.findall(text)


def lines(text: str) -> int:
    """The number of lines."""
    return len(text.splitlines())


def head(text: str) -> str:
    """What stands before the first line that is neither comment nor preprocessor nor blank."""
    blank = _TOKEN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    at = 0
    for line in blank.splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        at += len(line)
    return text[:at]


def kernels(text: str) -> int:
    """How many ``__global__`` functions the code defines or declares, without instantiations."""
    found = re.findall(r"\b(?:(template)\s+)?__global__\b", code(text))
    return sum(not instantiated for instantiated in found)


def includes(text: str) -> list[str]:
    """What the code includes, as it is written, in order."""
    return _INCLUDE.findall(code(text))


def defines(text: str, function: str) -> bool:
    """Whether the code has the body of a free function of that name."""
    body = code(text)
    for found in re.finditer(rf"(?<![\w.>:&]){re.escape(function)}\s*\(", body):
        before = body[: found.start()].rstrip()
        # A call stands behind an operator, a bracket or `return`; a definition behind a type.
        if not re.search(r"[\w>&*\]]$", before) or re.search(r"\breturn$|\belse$", before):
            continue
        end = _closing(body, found.end() - 1)
        if re.match(r"\s*(?:noexcept\s*|const\s*|->\s*[\w:<>]+\s*)*\{", body[end:]):
            return True
    return False


def _closing(text: str, opening: int) -> int:
    """The place behind the bracket that closes the one at ``opening``."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at + 1
    return len(text)
