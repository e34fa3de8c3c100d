"""Launches become calls of the shim's ``launcher``.

A launch is ``k<T><<<grid, block, bytes, stream>>>(args)``.
"""

from __future__ import annotations

from kbk.errors import UnsupportedError
from kbk.sim.translate.tokens import (
    CLOSE,
    OPEN,
    Edits,
    Source,
    Token,
    match_back_angle,
    match_forward,
    split_commas,
)


def _end_of_config(source: Source, chevron: int) -> int | None:
    """Index of the first ``>`` of the ``>>>`` that ends the configuration opened at ``chevron``."""
    tokens = source.tokens
    depth = 0
    at = chevron + 1
    while at + 3 < len(tokens):
        text = tokens[at].text
        if text in "([{" and tokens[at].kind == "punct":
            close = match_forward(tokens, at)
            if close is None:
                return None
            at = close + 1
            continue
        if text == ">" and tokens[at + 1].text == ">" and tokens[at + 2].text == ">":
            adjacent = tokens[at + 2].start == tokens[at].start + 2
            if adjacent and tokens[at + 3].text == "(" and depth == 0:
                return at
        if text == ";":
            return None
        at += 1
    return None


def _start_of_name(source: Source, chevron: int) -> int | None:
    """Index of the first token of what is launched.

    It is a name, which may be qualified, have template arguments and be pasted by a macro, or
    an element of an array, or an expression in parentheses.
    """
    tokens = source.tokens
    at = chevron - 1
    if at >= 0 and tokens[at].text == ">":
        opening = match_back_angle(tokens, at)
        if opening is None:
            return None
        at = opening - 1
    while at >= 0 and tokens[at].text == "]":
        at = _match_back(tokens, at) - 1
    if at >= 0 and tokens[at].text == ")":
        opening = _match_back(tokens, at)
        before = tokens[opening - 1] if opening > 0 else None
        if opening < 0 or (before is not None and before.text not in (";", "{", "}", ")", ":")):
            return None  # a call that gives a kernel
        return opening
    if at < 0 or tokens[at].kind != "name":
        return None
    while at >= 2:
        before_text = tokens[at - 1].text
        if before_text in ("::", "->", "."):
            at -= 1
            if tokens[at - 1].kind == "name" and tokens[at - 1].text not in (
                "return",
                "else",
                "do",
            ):
                at -= 1
            elif tokens[at - 1].text == ">" and before_text == "::":
                opening_angle = match_back_angle(tokens, at - 1)
                if opening_angle is None or opening_angle == 0:
                    return None
                at = opening_angle - 1
            else:
                break
        elif before_text == "template":
            at -= 1
        elif before_text == "#" and tokens[at - 2].text == "#" and tokens[at - 3].kind == "name":
            at -= 3
        else:
            break
    return at


def _match_back(tokens: list[Token], index: int) -> int:
    """Index of the bracket that opens what the one at ``index`` closes, or -1."""
    depth = 0
    for at in range(index, -1, -1):
        if tokens[at].kind == "punct":
            depth += (tokens[at].text in CLOSE) - (tokens[at].text in OPEN)
            if depth == 0:
                return at
    return -1


_CONSTANTS = {"0": "::kbk::LiteralZero{}", "NULL": "::kbk::Zero{}"}


def rewrite_launches(source: Source, edits: Edits, may_spin: bool) -> None:
    """Rewrites every launch of ``source``.

    Raises:
        UnsupportedError: a ``<<<`` that is not a launch of a named kernel.
    """
    tokens = source.tokens
    for index, token in enumerate(tokens):
        if token.kind != "chevron":
            continue
        line = source.line(token.start)
        first = _start_of_name(source, index)
        end = _end_of_config(source, index)
        close = match_forward(tokens, end + 3) if end is not None else None
        if first is None or end is None or close is None:
            raise UnsupportedError(
                source.file, line, "this use of <<<", "write kernel<<<grid, block>>>(arguments);"
            )
        name = source.slice(first, index)
        shown = " ".join(name.replace("\\\n", " ").split())
        if source.is_directive(index):
            shown = f"KBK_TEXT({shown})"
        else:
            shown = '"' + shown.replace("\\", "").replace('"', "'") + '"'
        config = source.text[tokens[index].end : tokens[end].start]
        zero = False
        for a, b in split_commas(tokens, end + 4, close):
            if b == a + 1 and tokens[a].text in _CONSTANTS:
                zero = zero or tokens[a].text == "0"
                edits.replace(tokens[a].start, tokens[a].end, _CONSTANTS[tokens[a].text])
        flat = " ".join(name.replace("\\\n", " ").split())
        call = f"[&](auto&... kbk_arguments) {{ {name}(kbk_arguments...); }}"
        if zero:
            accepts = f"[&](auto&... kbk_arguments) -> decltype({flat}(kbk_arguments...)) {{}}"
            call = f"::kbk::with_zero({accepts}, {call})"
        spin = "true" if may_spin else "false"
        edits.replace(
            tokens[first].start,
            tokens[end + 2].end,
            f"::kbk::launcher({shown}, __FILE__, __LINE__, {spin}, {call}, "
            f"::kbk::config({config}))",
        )


_BY_ADDRESS = {"cudaLaunchKernel": "false", "cudaLaunchCooperativeKernel": "true"}
_TAKES_KERNEL = {  # name -> which argument is the kernel
    "cudaLaunchKernel": 0,
    "cudaLaunchCooperativeKernel": 0,
    "cudaFuncSetAttribute": 0,
    "cudaFuncSetCacheConfig": 0,
    "cudaFuncGetAttributes": 1,
    "cudaOccupancyMaxActiveBlocksPerMultiprocessor": 1,
    "cudaOccupancyMaxPotentialBlockSize": 2,
}


def rewrite_address_launches(source: Source, edits: Edits, may_spin: bool) -> None:
    """Rewrites launches by address: ``cudaLaunchCooperativeKernel((void*)k, ...)``.

    The shim's function is a template that needs the kernel's type, so the cast goes, here and in
    the other functions that take a kernel.
    """
    tokens = source.tokens
    for index, token in enumerate(tokens):
        position = _TAKES_KERNEL.get(token.text)
        if position is None or index + 1 >= len(tokens) or tokens[index + 1].text != "(":
            continue
        close = match_forward(tokens, index + 1)
        parts = split_commas(tokens, index + 2, close) if close is not None else []
        if position < len(parts):
            _strip_cast(source, edits, *parts[position])
        if token.text in _BY_ADDRESS:
            spin = "true" if may_spin else "false"
            edits.replace(
                token.start,
                tokens[index + 1].end,
                f"::kbk::launch_array({_BY_ADDRESS[token.text]}, __FILE__, __LINE__, {spin}, ",
            )


def _strip_cast(source: Source, edits: Edits, first: int, last: int) -> None:
    """Removes a cast to a pointer to void at the front of tokens [first, last)."""
    tokens = source.tokens
    angle = tokens[first].text in ("reinterpret_cast", "static_cast")
    opening = first + 1 if angle else first
    end = opening
    while end < last and tokens[end].text not in (">" if angle else ")", ";"):
        end += 1
    words = sorted(t.text for t in tokens[opening + 1 : end])
    if words in (["*", "void"], ["*", "const", "void"]):
        edits.replace(tokens[first].start, tokens[end].end, "")
