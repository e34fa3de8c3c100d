"""Launches become calls of the shim's ``launch_kernel``.

A launch is ``k<T><<<grid, block, bytes, stream>>>(args)``.
"""

from __future__ import annotations

from kbk.errors import UnsupportedError
from kbk.sim.translate.tokens import Edits, Source, match_back_angle, match_forward, split_commas


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
    """Index of the first token of the kernel's name.

    The name is an identifier, which may be qualified and have template arguments.
    """
    tokens = source.tokens
    at = chevron - 1
    if at >= 0 and tokens[at].text == ">":
        opening = match_back_angle(tokens, at)
        if opening is None:
            return None
        at = opening - 1
    if (
        at >= 0 and tokens[at].text == ")"
    ):  # a call or a parenthesised expression that gives a kernel
        return None
    if at < 0 or tokens[at].kind != "name":
        return None
    while at >= 2:
        before = tokens[at - 1].text
        if before in ("::", "->", "."):
            at -= 1
            if tokens[at - 1].kind == "name" and tokens[at - 1].text not in (
                "return",
                "else",
                "do",
            ):
                at -= 1
            elif tokens[at - 1].text == ">" and before == "::":
                opening = match_back_angle(tokens, at - 1)
                if opening is None or opening == 0:
                    return None
                at = opening - 1
            else:
                break
        elif before == "template":
            at -= 1
        else:
            break
    return at


def _argument(source: Source, first: int, last: int) -> str:
    text = source.slice(first, last)
    if last == first + 1 and source.tokens[first].text in ("0", "NULL"):
        return "::kbk::Zero{}"
    return text


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
        shown = " ".join(name.split()).replace("\\", "").replace('"', "'")
        config = source.text[tokens[index].end : tokens[end].start]
        parts = split_commas(tokens, end + 4, close)
        begins = [
            tokens[end + 3].end if n == 0 else tokens[b].start for n, (b, _) in enumerate(parts)
        ]
        ends = [tokens[e].start for _, e in parts]
        arguments = ""
        for (a, b), begin, stop in zip(parts, begins, ends, strict=True):
            plain = source.text[begin:stop]
            replaced = _argument(source, a, b)
            arguments += ", " + (replaced if replaced == "::kbk::Zero{}" else plain)
        here = "__FILE__, __LINE__"
        spin = "true" if may_spin else "false"
        new = (
            f'::kbk::launch_kernel("{shown}", {here}, {spin}, [&](auto&... kbk_arguments) '
            f"{{ {name}(kbk_arguments...); }}, ::kbk::config({config}){arguments})"
        )
        edits.replace(tokens[first].start, tokens[close].end, new)


_BY_ADDRESS = {"cudaLaunchKernel": "false", "cudaLaunchCooperativeKernel": "true"}


def rewrite_address_launches(source: Source, edits: Edits, may_spin: bool) -> None:
    """Rewrites launches by address: ``cudaLaunchCooperativeKernel((void*)k, ...)``.

    The shim's function is a template that needs the kernel's type, so the cast goes.
    """
    tokens = source.tokens
    for index, token in enumerate(tokens):
        if token.text not in _BY_ADDRESS or index + 1 >= len(tokens):
            continue
        if tokens[index + 1].text != "(" or source.is_directive(index):
            continue
        first = index + 2
        if tokens[first].text in ("reinterpret_cast", "static_cast"):
            close = match_forward(tokens, _next(tokens, first, "("))
            edits.replace(tokens[first].start, tokens[_next(tokens, first, "(")].end, "(")
            del close
        elif tokens[first].text == "(":
            close = match_forward(tokens, first)
            inside = source.slice(first + 1, close) if close is not None else ""
            if close is not None and inside.replace(" ", "") in (
                "void*",
                "constvoid*",
                "voidconst*",
            ):
                edits.replace(tokens[first].start, tokens[close].end, "")
        spin = "true" if may_spin else "false"
        edits.replace(
            token.start,
            tokens[index + 1].end,
            f"::kbk::launch_array({_BY_ADDRESS[token.text]}, __FILE__, __LINE__, {spin}, ",
        )


def _next(tokens: list, index: int, text: str) -> int:  # type: ignore[type-arg]
    while tokens[index].text != text:
        index += 1
    return index
