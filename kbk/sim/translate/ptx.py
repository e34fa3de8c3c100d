"""Inline PTX: each asm statement becomes C++ that does the same.

The instructions are in ptx_rules.py (one expression each) and ptx_forms.py (those with addresses,
vectors or predicates). Anything else is refused by name and line, with the nearest form.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from kbk.errors import UnsupportedError
from kbk.sim.translate.ptx_forms import write_instruction
from kbk.sim.translate.ptx_nearest import nearest
from kbk.sim.translate.ptx_text import Scope, parse_instruction, statements
from kbk.sim.translate.tokens import Edits, Source, Token, match_forward, split_commas


def rewrite_assembly(source: Source, edits: Edits) -> None:
    """Rewrites every asm statement of ``source``.

    An unknown one that stands inside ``#if`` may be for another GPU: it ends the launch that
    comes to it, by name and line.

    Raises:
        UnsupportedError: PTX that the simulator does not know, outside of any ``#if``.
    """
    conditional: list[bool] | None = None
    for index, token in enumerate(source.tokens):
        if token.kind != "name" or token.text not in ("asm", "__asm__", "__asm"):
            continue
        statement = _statement(source, index)
        try:
            new = _translate(source, statement)
        except UnsupportedError as error:
            if conditional is None:
                conditional = _inside_conditional(source)
            if not conditional[index]:
                raise
            text = str(error).replace("\\", "\\\\").replace('"', '\\"')
            new = f'do {{ ::kbk::trap("unsupported", "{text}"); }} while (0)'
        edits.replace(token.start, source.tokens[statement.close].end, new)


@dataclass(frozen=True)
class _Statement:
    """Where the parts of an asm statement are, as indices of tokens."""

    line: int
    first: int  # of the template
    after: int  # behind it
    close: int  # the )


def _statement(source: Source, index: int) -> _Statement:
    tokens = source.tokens
    at = index + 1
    while at < len(tokens) and tokens[at].text in ("volatile", "__volatile__"):
        at += 1
    close = match_forward(tokens, at) if at < len(tokens) and tokens[at].text == "(" else None
    line = source.line(tokens[index].start)
    if close is None:
        raise UnsupportedError(source.file, line, "this asm statement")
    after = at + 1
    while after < close and tokens[after].kind in ("string", "raw"):
        after += 1
    return _Statement(line, at + 1, after, close)


def _translate(source: Source, where: _Statement) -> str:
    tokens = source.tokens
    if where.after < where.close and tokens[where.after].text not in (":", "::"):
        raise UnsupportedError(
            source.file,
            where.line,
            f"inline PTX whose text comes from `{tokens[where.after].text}`",
            "write its text as string literals, or write it in CUDA C++",
        )
    text, starts = _template(tokens[where.first : where.after])
    operands, clobbers = _operands(source, where.after, where.close)
    out = []
    scopes = [Scope(operands)]
    for offset, piece in statements(text):
        if piece in ("{", "}"):
            if piece == "{":
                scopes.append(scopes[-1].inner())
            elif len(scopes) > 1:
                scopes.pop()
            out.append(piece)
            continue
        token = tokens[where.first + bisect.bisect_right(starts, offset) - 1]
        out.append(_instruction(source, source.line(token.start), piece, scopes[-1]))
    body = " ".join(out)
    if '"memory"' in clobbers:
        fence = '__asm__ __volatile__("" : : : "memory");'
        body = f"{fence} {body} {fence}" if body else fence
    return f"do {{ {body} }} while (0)"


def _instruction(source: Source, line: int, text: str, scope: Scope) -> str:
    instruction = parse_instruction(text, scope)
    code = write_instruction(instruction) if instruction is not None else None
    if code is None:
        raise UnsupportedError(source.file, line, f"the inline PTX `{text};`", nearest(text))
    return code


def _template(strings: list[Token]) -> tuple[str, list[int]]:
    """The text of the template, and the offset at which each of its tokens begins there."""
    text = ""
    starts = []
    for token in strings:
        starts.append(len(text))
        if token.kind == "raw":
            inner = token.text[token.text.index('"') + 1 : -1]
            text += inner[inner.index("(") + 1 : inner.rindex(")")]
        else:
            inner = token.text[token.text.index('"') + 1 : -1]
            text += inner.encode("latin-1", "backslashreplace").decode("unicode_escape")
    return text, starts


def _operands(source: Source, first: int, last: int) -> tuple[list[str], str]:
    """The C++ expressions of the operands, outputs first, and the text of the clobbers."""
    tokens = source.tokens
    colons = []
    depth = 0
    for at in range(first, last):
        text = tokens[at].text if tokens[at].kind == "punct" else ""
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if depth == 0 and text == ":":
            colons.append((at, at + 1))
        elif depth == 0 and text == "::":
            colons += [(at, at), (at, at + 1)]
    sections = [
        (begin, colons[number + 1][0] if number + 1 < len(colons) else last)
        for number, (_, begin) in enumerate(colons)
    ]
    operands = []
    for begin, end in sections[:2]:
        for a, b in split_commas(tokens, begin, end):
            if a < b and tokens[a].kind == "string":
                operands.append("(" + " ".join(t.text for t in tokens[a + 2 : b - 1]) + ")")
    clobbers = source.slice(*sections[2]) if len(sections) > 2 else ""
    return operands, clobbers


def _inside_conditional(source: Source) -> list[bool]:
    """For each token: whether an #if around it may leave it out. A header's guard does not."""
    depths = []
    depth = 0
    guard = False
    for index, token in enumerate(source.tokens):
        if token.text == "#" and source.directive[index] == index:
            word = source.tokens[index + 1].text if index + 1 < len(source.tokens) else ""
            if word in ("if", "ifdef", "ifndef"):
                guard = guard or (index == 0 and word == "ifndef")
                depth += 1
            elif word == "endif":
                depth -= 1
        depths.append(depth > int(guard))
    return depths
