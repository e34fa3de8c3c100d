"""``__global__`` functions: the first line of each body lets a launch ask the kernel who it is."""

from __future__ import annotations

from kbk.sim.translate.tokens import Edits, Source, Token, match_forward, split_commas

PROBE = "if (::kbk::probing()) { ::kbk::answer_probe(&kbk_kernel_info); return; }"
"""What a translated kernel does first."""


_ATTRIBUTES = ("__launch_bounds__", "__attribute__", "alignas", "__align__", "__maxnreg__")


def is_attribute(tokens: list[Token], at: int) -> bool:
    """Whether a call-like word before a kernel's name is no name: CUDA's, or a macro's."""
    if tokens[at].kind != "name" or at + 1 >= len(tokens) or tokens[at + 1].text != "(":
        return False
    if tokens[at].text in _ATTRIBUTES:
        return True
    close = match_forward(tokens, at + 1)
    after = tokens[close + 1] if close is not None and close + 1 < len(tokens) else None
    return after is not None and after.kind == "name" and after.text != "noexcept"


def rewrite_kernels(source: Source, edits: Edits) -> list[str]:
    """Marks the body of every ``__global__`` definition. Returns the kernels' names in order."""
    tokens = source.tokens
    names = []
    for index, token in enumerate(tokens):
        if token.text != "__global__":
            continue
        bounds = "0"
        at = index + 1
        name = ""
        while at < len(tokens):
            text = tokens[at].text
            if source.directive[at] != source.directive[index]:
                if source.directive[index] is not None:
                    break  # the macro's end
                at += 1
                continue
            if is_attribute(tokens, at):
                close = match_forward(tokens, at + 1)
                if close is None:
                    break
                if text == "__launch_bounds__" or text.startswith("C10_LAUNCH_BOUNDS_"):
                    first, last = (*split_commas(tokens, at + 2, close), (0, 0))[0]
                    bounds = source.slice(first, last) or "0"
                at = close + 1
                continue
            if text == "(" and tokens[at - 1].kind == "name":
                name = tokens[at - 1].text
                close = match_forward(tokens, at)
                if close is None:
                    break
                at = close + 1
                while at < len(tokens) and tokens[at].text in ("noexcept",):
                    at += 1
                if at < len(tokens) and tokens[at].text == "{":
                    names.append(name)
                    edits.insert(
                        tokens[at].end,
                        " static ::kbk::KernelInfo kbk_kernel_info = "
                        "{__PRETTY_FUNCTION__, __FILE__, __LINE__, "
                        f"static_cast<int>({' '.join(bounds.split())}), -1}}; " + PROBE,
                    )
                break
            if text in (";", "{", "}"):
                break
            at += 1
    return names
