"""A tokenizer for CUDA C++.

It knows enough of the language to find constructs and to leave everything else untouched.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>(?:[ \t\r\n\f\v]|\\\r?\n)+)
  | (?P<comment>//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z))
  | (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
  | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
  | (?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
  | (?P<number>\.?[0-9](?:[eEpP][+-]|'[0-9a-zA-Z]|[0-9a-zA-Z_.])*)
  | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
  | (?P<chevron><<<)
  | (?P<punct>::|->\*?|\.\.\.|[-+*/%&|^]=|==|!=|\+\+|--|&&|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token: its kind, its text and where it starts in the source (0-based offset)."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Source:
    """A text with its significant tokens (no white space, no comments) and its line numbers."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        tokens: list[Token] = []
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or "punct"
            if kind == "delimiter":
                kind = "raw"
            if kind not in ("space", "comment"):
                tokens.append(Token(kind, match.group(), match.start()))
        self._starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self._find_directives(tokens)

    def _find_directives(self, tokens: list[Token]) -> None:
        """Fills ``tokens`` and ``directive``, without what stands between #if 0 and its end."""
        self.tokens: list[Token] = []
        self.directive: list[int | None] = []  # per token: the index of its line's #, if any
        logical = [0] * len(self._starts)  # for each line the one that its continuation began on
        for line in range(1, len(self._starts)):
            before = self.text[self._starts[line - 1] : self._starts[line]].rstrip("\r\n")
            logical[line] = logical[line - 1] if before.endswith("\\") else line
        current = -1  # the logical line being read
        sharp: int | None = None
        off = 0  # how deep inside an #if 0
        for at, token in enumerate(tokens):
            line = logical[self.line(token.start) - 1]
            if line != current:
                current, sharp = line, None
                if token.text == "#" and not self.text[self._starts[line] : token.start].strip():
                    word = tokens[at + 1].text if at + 1 < len(tokens) else ""
                    if off:
                        off += word in ("if", "ifdef", "ifndef")
                        off -= word == "endif" or (off == 1 and word in ("else", "elif"))
                    elif word == "if" and [t.text for t in tokens[at + 2 : at + 3]] == ["0"]:
                        after = tokens[at + 3] if at + 3 < len(tokens) else None
                        off = int(after is None or logical[self.line(after.start) - 1] != line)
                    sharp = len(self.tokens)
            if sharp is None and off:
                continue
            self.tokens.append(token)
            self.directive.append(sharp)

    def line(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return bisect.bisect_right(self._starts, offset)

    def is_directive(self, index: int) -> bool:
        """Whether token ``index`` stands in a preprocessor line."""
        return self.directive[index] is not None

    def slice(self, first: int, last: int) -> str:
        """The text from token ``first`` up to, not including, token ``last``."""
        if first >= last:
            return ""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end]


OPEN = {"(": ")", "[": "]", "{": "}"}
CLOSE = {close: open_ for open_, close in OPEN.items()}


def match_forward(tokens: list[Token], index: int) -> int | None:
    """Index of the bracket that closes the one at ``index``, or None."""
    stack: list[str] = []
    for at in range(index, len(tokens)):
        token = tokens[at]
        if token.kind != "punct":
            continue
        if token.text in OPEN:
            stack.append(OPEN[token.text])
        elif token.text in CLOSE:
            if not stack or stack.pop() != token.text:
                return None
            if not stack:
                return at
    return None


def match_back_angle(tokens: list[Token], index: int) -> int | None:
    """Index of the ``<`` that opens the template argument list closed by the ``>`` at ``index``."""
    depth = 0
    brackets: list[str] = []
    for at in range(index, -1, -1):
        text = tokens[at].text
        if tokens[at].kind != "punct":
            continue
        if text in CLOSE:
            brackets.append(CLOSE[text])
        elif text in OPEN:
            if not brackets or brackets.pop() != text:
                return None
        elif brackets:
            continue
        elif text == ">":
            depth += 1
        elif text == "<":
            depth -= 1
            if depth == 0:
                return at
        elif text == ";":
            return None
    return None


def split_commas(tokens: list[Token], first: int, last: int) -> list[tuple[int, int]]:
    """Splits the tokens from ``first`` up to ``last`` at commas outside brackets.

    Template commas stay together only inside ().
    """
    if first >= last:
        return []
    parts = []
    depth = 0
    begin = first
    for at in range(first, last):
        token = tokens[at]
        if token.kind != "punct":
            continue
        if token.text in OPEN:
            depth += 1
        elif token.text in CLOSE:
            depth -= 1
        elif token.text == "," and depth == 0:
            parts.append((begin, at))
            begin = at + 1
    parts.append((begin, last))
    return parts


class Edits:
    """Replacements in a text.

    Lines keep their numbers: a replacement may not change how many newlines there are.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._edits: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, new: str) -> None:
        """Replaces ``text[start:end]``; missing newlines are appended so that line numbers stay."""
        missing = self.text.count("\n", start, end) - new.count("\n")
        if missing < 0:
            raise ValueError("a replacement must not add lines")
        newline = "\\\n" if "\\\n" in self.text[start:end] else "\n"
        self._edits.append((start, end, new + newline * missing))

    def insert(self, at: int, new: str) -> None:
        self._edits.append((at, at, new))

    def apply(self) -> str:
        out = []
        position = 0
        for start, end, new in sorted(self._edits, key=lambda edit: (edit[0], edit[1])):
            if start < position:
                raise ValueError("edits overlap")
            out.append(self.text[position:start])
            out.append(new)
            position = end
        out.append(self.text[position:])
        return "".join(out)
