"""Split C++ text into tokens, so that nobody reads names out of comments and strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<newline>\n)
    | (?P<space>(?:[ \t\r\f\v]|\\\r?\n)+)
    | (?P<comment>//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z))
    | (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
    | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z))
    | (?P<character>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
    | (?P<number>\.?[0-9](?:'?[0-9A-Za-z_.]|(?<=[eEpP])[+-])*)
    | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<mark><<<|>>>|::|->|&&|\[\[|\]\]|\.\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token. `kind` is "name", "number", "string", "character" or "mark"; `line` is 1-based."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Directive:
    """One preprocessor line, joined and without comments: `name` is "include", "if", ..."""

    name: str
    rest: str
    line: int


def scan(source: str) -> Iterator[Token | Directive]:
    """Yield the tokens and preprocessor directives of `source` in order."""
    line = 1
    at_line_start = True
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        assert match is not None  # the last alternative takes any character
        kind, text = match.lastgroup or "", match.group()
        if kind == "delimiter":
            kind = "raw"
        if kind == "mark" and text == "#" and at_line_start:
            directive, position = _directive(source, match.end(), line)
            line += source.count("\n", match.start(), position)
            yield directive
            continue
        if kind not in ("newline", "space", "comment"):
            at_line_start = False
            yield Token("string" if kind == "raw" else kind, text, line)
        elif kind == "newline":
            at_line_start = True
        line += text.count("\n")
        position = match.end()


def _directive(source: str, start: int, line: int) -> tuple[Directive, int]:
    """The directive whose "#" ends at `start`, and the position of the newline that ends it."""
    parts: list[str] = []
    position = start
    while position < len(source) and source[position] != "\n":
        match = _TOKEN.match(source, position)
        assert match is not None
        commentary = match.lastgroup in ("space", "comment")
        parts.append(" " if commentary else match.group())
        position = match.end()
    name, _, rest = "".join(parts).strip().partition(" ")
    if name.startswith("include") and name != "include" and name != "include_next":
        name, rest = "include", name[len("include") :] + rest  # #include<x> or #include"x"
    return Directive(name, rest.strip(), line), position


def tokens(source: str) -> list[Token]:
    """The tokens of `source` outside directives; of an #if, only one branch.

    Only `#if 0` and `#if 1` are decided here. Of any other condition the first branch counts, so
    that braces balance.
    """
    found: list[Token] = []
    # One entry per open #if: whether tokens pass now, and whether a branch has passed already.
    branches: list[tuple[bool, bool]] = []
    for item in scan(source):
        if isinstance(item, Token):
            if all(passing for passing, _ in branches):
                found.append(item)
        elif item.name in ("if", "ifdef", "ifndef"):
            passing = not (item.name == "if" and item.rest in ("0", "false"))
            branches.append((passing, passing))
        elif item.name in ("else", "elif") and branches:
            _, done = branches.pop()
            branches.append((not done, True))
        elif item.name == "endif" and branches:
            branches.pop()
    return found
