"""``A<T>::f<3>(x)`` for ``A<T>::template f<3>(x)``: nvcc takes both, host compilers do not."""

from __future__ import annotations

from kbk.sim.translate.shared import function_depths
from kbk.sim.translate.tokens import Edits, Source, Token, match_back_angle

_NOT_IN_ARGUMENTS = {";", "{", "}", "&&", "||", "?", "=", "==", "!=", "<=", ">="}


def mark_member_templates(source: Source, edits: Edits) -> None:
    """Writes ``template`` before the member templates of dependent classes in function bodies."""
    tokens = source.tokens
    parameters = _template_parameters(tokens)
    if not parameters:
        return
    inside: list[bool] | None = None
    for index in range(3, len(tokens) - 2):
        if tokens[index].kind != "name" or tokens[index + 1].text != "<":
            continue
        if tokens[index - 1].text != "::" or tokens[index - 2].text != ">":
            continue
        opening = match_back_angle(tokens, index - 2)
        if opening is None or not _calls_template(tokens, index + 1):
            continue
        if not parameters & {token.text for token in tokens[opening : index - 2]}:
            continue
        inside = function_depths(source) if inside is None else inside
        if inside[index]:
            edits.insert(tokens[index].start, "template ")


def _template_parameters(tokens: list[Token]) -> set[str]:
    """The names that follow typename, class or a type in the lists of templates."""
    found = set()
    for index, token in enumerate(tokens):
        if token.text != "template" or tokens[index + 1 : index + 2] == []:
            continue
        depth = 0
        for at in range(index + 1, len(tokens)):
            text = tokens[at].text
            depth += (text == "<") - (text == ">")
            if depth == 0 or text in (";", "{", "}"):
                break
            ends = at + 1 < len(tokens) and tokens[at + 1].text in (",", ">", "=")
            if ends and tokens[at].kind == "name" and tokens[at - 1].text not in ("<", ",", "="):
                found.add(text)
    return found


def _calls_template(tokens: list[Token], opening: int) -> bool:
    """Whether the ``<`` begins template arguments that a ``(`` follows."""
    depth = 0
    for at in range(opening, min(opening + 64, len(tokens) - 1)):
        text = tokens[at].text
        if tokens[at].kind == "punct" and text in _NOT_IN_ARGUMENTS:
            return False
        depth += (text == "<") - (text == ">")
        if depth == 0:
            return tokens[at + 1].text == "("
    return False
