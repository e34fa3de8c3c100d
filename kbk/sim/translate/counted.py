"""Marks for what a traced build counts and no header could see: divisions, and constant memory.

The marks are macros, which are empty in a plain build.
"""

from __future__ import annotations

from itertools import pairwise

from kbk.sim.translate.tokens import Edits, Source

DIVIDE = "KBK_DIVIDE"
DIVIDE_ASSIGN = "KBK_DIVIDE_ASSIGN"
CONSTANT = "KBK_IN_CONSTANT_MEMORY"


def mark_divisions(source: Source, edits: Edits) -> None:
    """Writes ``a / KBK_DIVIDE b`` for ``a / b``, and ``a KBK_DIVIDE_ASSIGN b`` for ``a /= b``.

    A source with an ``operator/`` of its own is left alone: the mark would hide it. So are macros.
    """
    tokens = source.tokens
    if any(a.text == "operator" and b.text in ("/", "/=") for a, b in pairwise(tokens)):
        return
    for index, token in enumerate(tokens):
        if token.kind != "punct" or token.text not in ("/", "/=") or source.is_directive(index):
            continue
        if token.text == "/":
            edits.insert(token.end, f" {DIVIDE} ")
        else:
            edits.replace(token.start, token.end, f" {DIVIDE_ASSIGN} ")


def mark_constants(source: Source, edits: Edits) -> None:
    """Puts the variables of ``__constant__`` memory into a section of their own.

    Those that are const stay where they are: the compiler does not tell of reads of them.
    """
    for index, token in enumerate(source.tokens):
        if token.text != "__constant__" or source.is_directive(index):
            continue
        if not {"const", "constexpr", "template"} & _declaration(source, index):
            edits.insert(token.end, f" {CONSTANT} ")


def _declaration(source: Source, index: int) -> set[str]:
    """The words around a specifier, up to the ends of its declaration."""
    tokens = source.tokens
    first = index
    while first and tokens[first - 1].text not in (";", "}", "{"):
        first -= 1
    last = index
    while last + 1 < len(tokens) and tokens[last + 1].text not in (";", "=", "{"):
        last += 1
    return {token.text for token in tokens[first : last + 1]}
