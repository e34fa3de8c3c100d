"""Lambdas name shared variables without capturing them: here those are references, so they must."""

from __future__ import annotations

from kbk.sim.translate.tokens import Edits, Source, Token, match_forward


class Captures:
    """Shared variables that the lambdas of a source need to capture by reference."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._needed: dict[int, list[str]] = {}  # index of the ] of a lambda -> names

    def add(self, names: list[str], first: int, last: int, pointer: bool) -> None:
        """Looks for lambdas that mention ``names`` in tokens [first, last).

        Args:
            pointer: the variables are pointers, which [=] may copy.
        """
        tokens = self._source.tokens
        for at in range(first, min(last, len(tokens))):
            lambda_ = _lambda_at(tokens, at)
            if lambda_ is None:
                continue
            close, body, end = lambda_
            default = tokens[at + 1].text if tokens[at + 2].text in ("]", ",") else ""
            if default == "&" or (default == "=" and pointer):
                continue
            head = {token.text for token in tokens[at:body]}
            inside = {token.text for token in tokens[body:end] if token.kind == "name"}
            wanted = [name for name in names if name in inside and name not in head]
            self._needed.setdefault(close, []).extend(wanted)

    def apply(self, edits: Edits) -> None:
        tokens = self._source.tokens
        for close, names in self._needed.items():
            new = ", ".join(f"&{name}" for name in dict.fromkeys(names))
            if new:
                comma = "" if tokens[close - 1].text == "[" else ", "
                edits.insert(tokens[close].start, comma + new)


def _lambda_at(tokens: list[Token], at: int) -> tuple[int, int, int] | None:
    """(], {, }) of the lambda whose [ is token ``at``, or None."""
    if tokens[at].text != "[" or tokens[at].kind != "punct" or at == 0:
        return None
    before = tokens[at - 1]
    if before.text in ("]", ")", "[") or (before.kind == "name" and before.text != "return"):
        return None
    close = match_forward(tokens, at)
    if close is None or tokens[at + 1].text == "[":
        return None
    body = close + 1
    while body < len(tokens) and tokens[body].text != "{":
        if tokens[body].text == "(":
            body = match_forward(tokens, body) or len(tokens)
        elif tokens[body].text in (";", ")", "}", "]", ",", "="):
            return None
        body += 1
    end = match_forward(tokens, body) if body < len(tokens) else None
    return None if end is None else (close, body, end)
