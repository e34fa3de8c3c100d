"""What nvcc rejects and a host compiler would not: calls of kernels, and launches of others."""

from __future__ import annotations

from collections.abc import Sequence

from kbk.errors import CompileError
from kbk.sim.translate.kernels import is_attribute
from kbk.sim.translate.shared import function_depths
from kbk.sim.translate.tokens import Source, Token, match_forward

_NO_TYPE = {"return", "else", "do", "case", "new", "delete", "throw", "goto", "sizeof", "namespace"}
_VALUES = {"int", "float", "double", "bool", "char", "long", "unsigned", "size_t", "int64_t"}


def check_kernels(units: Sequence[Source]) -> None:
    """Checks the files of one unit. A name that is declared in two ways is left to the compiler.

    Raises:
        CompileError: a kernel that is called, a kernel that returns a value, or a launch of a
            function that is not ``__global__``.
    """
    kernels: dict[str, set[tuple[int, int]]] = {}  # name -> (unit, token) of its declarations
    for number, unit in enumerate(units):
        for index, token in enumerate(unit.tokens):
            if token.text == "__global__" and not unit.is_directive(index):
                at = _declared_name(unit, index)
                if at is not None:
                    _check_void(unit, index, at)
                    kernels.setdefault(unit.tokens[at].text, set()).add((number, at))
    functions: set[str] = set()
    others: set[str] = set()
    for number, unit in enumerate(units):
        inside = function_depths(unit)
        for at, token in enumerate(unit.tokens):
            if token.kind == "name" and at and (number, at) not in kernels.get(token.text, ()):
                if _defines(unit, at) and not inside[at]:
                    functions.add(token.text)
                elif _may_declare(unit.tokens, at):
                    others.add(token.text)
    for unit in units:
        inside = function_depths(unit)
        for at, token in enumerate(unit.tokens):
            if token.kind != "name" or unit.is_directive(at) or not inside[at]:
                continue
            name = token.text
            if name in kernels and name not in functions | others and _is_call(unit.tokens, at):
                raise _error(
                    unit, at, f"{name} is a kernel: launch it as {name}<<<grid, block>>>(...)"
                )
            plain = name in functions and name not in others and name not in kernels
            if plain and unit.tokens[at - 1].text not in ("::", ".", "->"):
                after = _behind_template(unit.tokens, at)
                if after < len(unit.tokens) and unit.tokens[after].kind == "chevron":
                    raise _error(unit, at, f"{name} is no kernel: mark it __global__")


def _error(unit: Source, at: int, message: str) -> CompileError:
    line = unit.line(unit.tokens[at].start)
    return CompileError(
        f"{unit.file}:{line}: {message}", file=unit.file, line=line, message=message
    )


def _declared_name(unit: Source, index: int) -> int | None:
    """The token that names the function declared with the ``__global__`` at ``index``."""
    tokens = unit.tokens
    at = index + 1
    while at + 1 < len(tokens) and tokens[at].text not in (";", "{", "}"):
        if tokens[at].kind == "name":
            after = tokens[at + 1].text
            attribute = tokens[at].text.startswith("__") or is_attribute(tokens, at)
            if after == "(" and attribute:
                at = match_forward(tokens, at + 1) or len(tokens)
            elif after == "(":
                return at
            elif after == "<":
                behind = _behind_template(tokens, at)
                if behind < len(tokens) and tokens[behind].text == "(":
                    return at
        at += 1
    return None


def _check_void(unit: Source, index: int, name: int) -> None:
    words = [token.text for token in unit.tokens[index + 1 : name]]
    at = index - 1
    while at >= 0 and unit.tokens[at].kind == "name":
        words.append(unit.tokens[at].text)
        at -= 1
    if "void" not in words and _VALUES & set(words):
        raise _error(unit, name, "a kernel must return void")


def _behind_template(tokens: list[Token], at: int) -> int:
    """The token behind a name and its template arguments, if it has any."""
    if at + 1 >= len(tokens) or tokens[at + 1].text != "<":
        return at + 1
    depth = 0
    for end in range(at + 1, len(tokens)):
        text = tokens[end].text
        if text in (";", "{", "}"):
            break
        depth += (text == "<") - (text == ">")
        if depth == 0:
            return end + 1
    return len(tokens)


def _defines(unit: Source, at: int) -> bool:
    """Whether token ``at`` names a function that is defined or declared there, without a macro."""
    tokens = unit.tokens
    before = tokens[at - 1]
    if unit.is_directive(at) or before.kind != "name" or before.text in _NO_TYPE:
        return False
    if at + 1 >= len(tokens) or tokens[at + 1].text != "(":
        return False
    begin = at - 1
    while begin > 0 and tokens[begin - 1].kind == "name":
        begin -= 1
    known = {"void", "static", "inline", "__device__", "__host__", "__forceinline__", "constexpr"}
    if not {token.text for token in tokens[begin:at]} <= known:
        return False  # a macro may hide __global__
    close = match_forward(tokens, at + 1)
    return (
        close is not None
        and tokens[close + 1 : close + 2] != []
        and (tokens[close + 1].text in ("{", ";"))
    )


def _may_declare(tokens: list[Token], at: int) -> bool:
    before, after = tokens[at - 1], tokens[at + 1].text if at + 1 < len(tokens) else ""
    if before.kind == "name":
        return before.text not in _NO_TYPE
    if before.text in ("*", "&", "&&", "...", "[", ">"):
        return after in ("=", "(", ";", ",", ")", "{", "[", "]", ":")
    return before.text == "," and after in ("=", "]", "{", "[")


def _is_call(tokens: list[Token], at: int) -> bool:
    """Whether token ``at`` begins a statement that is a call."""
    if tokens[at - 1].text not in (";", "{", "}", ")", "else", "do"):
        return False
    after = _behind_template(tokens, at)
    if after >= len(tokens) or tokens[after].text != "(":
        return False
    close = match_forward(tokens, after)
    return close is not None and close + 1 < len(tokens) and tokens[close + 1].text == ";"
