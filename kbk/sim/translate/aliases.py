"""Macros that stand for ``__shared__`` or ``__global__`` and words beside it.

``#define SHARED static __shared__`` hides what the translator looks for, so the uses are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable

from kbk.sim.translate.shared import macro_body
from kbk.sim.translate.tokens import Source, Token


def find_aliases(units: Iterable[Source]) -> dict[str, str]:
    """The names of such macros, each with its words."""
    found = {}
    for unit in units:
        tokens = unit.tokens
        for at, token in enumerate(tokens):
            if token.text != "#" or [t.text for t in tokens[at + 1 : at + 2]] != ["define"]:
                continue
            if unit.directive[at] != at or at + 2 >= len(tokens):
                continue
            begin = end = macro_body(unit, at)
            while end < len(tokens) and unit.directive[end] == at:
                end += 1
            body = tokens[begin:end]
            if begin == at + 3 and _is_words(body):
                found[tokens[at + 2].text] = " ".join(t.text for t in body)
    return found


def _is_words(body: list[Token]) -> bool:
    if not {"__shared__", "__global__"} & {t.text for t in body}:
        return False
    return (
        body[-1].text != ";"
        and all(t.kind in ("name", "string", "number") or t.text in ("(", ")", ",") for t in body)
        and not ({t.text for t in body} & {"float", "int", "double", "char"})
    )


def replace_aliases(unit: Source, aliases: dict[str, str]) -> Source:
    """The unit with the words in the place of each use."""
    out = []
    position = 0
    for index, token in enumerate(unit.tokens):
        if token.kind == "name" and token.text in aliases and not unit.is_directive(index):
            out += [unit.text[position : token.start], aliases[token.text]]
            position = token.end
    if not out:
        return unit
    return Source("".join(out) + unit.text[position:], unit.file)
