"""Inline PTX: a table of idioms that kernels use, each with its C++.

Anything else is refused by name and line.
"""

from __future__ import annotations

import re

from kbk.errors import UnsupportedError
from kbk.sim.translate.tokens import Edits, Source, Token, match_forward, split_commas

# Normalised instruction -> C++ with {0}, {1}, ... for the operands in the asm statement's order.
_IDIOMS = {
    "mov.u32 %0, %laneid;": "{0} = ::kbk::lane_id();",
    "mov.u32 %0, %warpid;": "{0} = ::kbk::warp_id();",
    "mov.u32 %0, %smid;": "{0} = ::kbk::sm_id();",
    "mov.u32 %0, %lanemask_lt;": "{0} = (1u << ::kbk::lane_id()) - 1u;",
    "mov.u32 %0, %lanemask_le;": "{0} = (2u << ::kbk::lane_id()) - 1u;",
    "mov.u32 %0, %lanemask_eq;": "{0} = 1u << ::kbk::lane_id();",
    "mov.u32 %0, %lanemask_ge;": "{0} = ~((1u << ::kbk::lane_id()) - 1u);",
    "mov.u32 %0, %lanemask_gt;": "{0} = ~((2u << ::kbk::lane_id()) - 1u);",
    "mov.u64 %0, %globaltimer;": "{0} = ::kbk::clock_ticks();",
    "mov.u64 %0, %clock64;": "{0} = ::kbk::clock_ticks();",
    "ex2.approx.ftz.f32 %0, %1;": "{0} = exp2f({1});",
    "ex2.approx.f32 %0, %1;": "{0} = exp2f({1});",
    "lg2.approx.ftz.f32 %0, %1;": "{0} = log2f({1});",
    "lg2.approx.f32 %0, %1;": "{0} = log2f({1});",
    "rcp.approx.ftz.f32 %0, %1;": "{0} = 1.0f / ({1});",
    "rcp.approx.f32 %0, %1;": "{0} = 1.0f / ({1});",
    "rsqrt.approx.ftz.f32 %0, %1;": "{0} = rsqrtf({1});",
    "rsqrt.approx.f32 %0, %1;": "{0} = rsqrtf({1});",
    "tanh.approx.f32 %0, %1;": "{0} = tanhf({1});",
    "membar.cta;": "__threadfence_block();",
    "membar.gl;": "__threadfence();",
    "membar.sys;": "__threadfence_system();",
    "fence.acq_rel.gpu;": "__threadfence();",
    "fence.acq_rel.sys;": "__threadfence_system();",
    "bar.sync 0;": "__syncthreads();",
    "barrier.sync 0;": "__syncthreads();",
    "griddepcontrol.wait;": "",
    "griddepcontrol.launch_dependents;": "",
    "ld.acquire.gpu.global.s32 %0, [%1];": "{0} = *reinterpret_cast<const volatile int*>({1});",
    "ld.acquire.gpu.global.u32 %0, [%1];": (
        "{0} = *reinterpret_cast<const volatile unsigned*>({1});"
    ),
    "ld.acquire.gpu.b32 %0, [%1];": "{0} = *reinterpret_cast<const volatile unsigned*>({1});",
    "st.release.gpu.global.s32 [%0], %1;": "*reinterpret_cast<volatile int*>({0}) = {1};",
    "st.release.gpu.global.u32 [%0], %1;": "*reinterpret_cast<volatile unsigned*>({0}) = {1};",
    "red.release.gpu.global.add.s32 [%0], %1;": "atomicAdd(reinterpret_cast<int*>({0}), {1});",
    "": "",
}


def _template(strings: list[Token]) -> str:
    text = "".join(bytes(t.text[1:-1], "utf-8").decode("unicode_escape") for t in strings)
    text = text.replace("%%", "%")
    return re.sub(
        r"\s*([,;])\s*",
        lambda m: m.group(1) + (" " if m.group(1) == "," else ""),
        re.sub(r"\s+", " ", text),
    ).strip()


def rewrite_assembly(source: Source, edits: Edits) -> None:
    """Rewrites every asm statement of ``source``.

    Raises:
        UnsupportedError: PTX that is not in the table.
    """
    tokens = source.tokens
    for index, token in enumerate(tokens):
        if token.kind != "name" or token.text not in ("asm", "__asm__", "__asm"):
            continue
        at = index + 1
        while at < len(tokens) and tokens[at].text in ("volatile", "__volatile__"):
            at += 1
        close = match_forward(tokens, at) if at < len(tokens) and tokens[at].text == "(" else None
        line = source.line(token.start)
        if close is None:
            raise UnsupportedError(source.file, line, "this asm statement")
        inner = at + 1
        strings = []
        while inner < close and tokens[inner].kind == "string":
            strings.append(tokens[inner])
            inner += 1
        template = _template(strings)
        if template and not template.endswith(";"):
            template += ";"
        idiom = _IDIOMS.get(template)
        if idiom is None:
            raise UnsupportedError(
                source.file, line, f"the inline PTX `{template or '?'}`", "write it in CUDA C++"
            )
        operands = _operands(source, inner, close)
        edits.replace(
            token.start, tokens[close].end, f"do {{ {idiom.format(*operands)} }} while (0)"
        )


def _operands(source: Source, first: int, last: int) -> list[str]:
    """The C++ expressions of the operands, outputs first."""
    tokens = source.tokens
    colons = []
    depth = 0
    for at in range(first, last):
        text = tokens[at].text if tokens[at].kind == "punct" else ""
        if text in ("(", "[", "{"):
            depth += 1
        elif text in (")", "]", "}"):
            depth -= 1
        elif text == ":" and depth == 0:
            colons.append(at)
        elif text == "::" and depth == 0:
            colons += [at, at]
    colons = colons[:2]
    bounds = [*colons, last]
    operands = []
    for number, colon in enumerate(colons):
        begin, end = colon + 1, bounds[number + 1]
        if number + 1 == len(colons):  # clobbers follow a third colon
            depth = 0
            for at in range(begin, last):
                text = tokens[at].text if tokens[at].kind == "punct" else ""
                depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
                if text in (":", "::") and depth == 0:
                    end = at
                    break
        for a, b in split_commas(tokens, begin, end):
            if a < b and tokens[a].kind == "string":
                operands.append("(" + " ".join(t.text for t in tokens[a + 2 : b - 1]) + ")")
    return operands
