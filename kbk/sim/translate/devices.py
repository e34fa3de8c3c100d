"""The simulated device is torch's CPU: text that asks for CUDA tensors asks for CPU ones."""

from __future__ import annotations

from kbk.sim.translate.tokens import Edits, Source, Token, match_forward

_MEMBERS = {"is_cuda": "is_cpu", "cuda": "cpu"}  # x.is_cuda(), x.cuda()
_ENUMS = {"DeviceType", "DispatchKey", "Backend"}  # DeviceType::CUDA
_TORCH = {"torch", "at", "c10"}
_DEVICE_MAKERS = {"Device", "device"}  # torch::Device("cuda:0")


def rewrite_devices(source: Source, edits: Edits) -> None:
    """Rewrites the device of tensors in ``source``.

    A tensor on the CPU is then "on the device", and one that the host reads stays what it is. Names
    that the source declares itself, such as an enum DeviceType of its own, stay too.
    """
    tokens = source.tokens
    own = _declared(tokens)
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.kind == "string":
            _rewrite_name(source, at, edits)
        elif token.kind != "name":
            continue
        elif token.text == "kCUDA" and before not in (".", "->"):
            if _of_torch(tokens, at) or (before != "::" and "kCUDA" not in own):
                end = _behind_index(tokens, at)
                edits.replace(token.start, tokens[end].end, "kCPU")
        elif token.text in _MEMBERS and before in (".", "->") and after == "(":
            begin = at
            if [each.text for each in tokens[at - 4 : at]] == ["type", "(", ")", "."]:
                begin = at - 4  # x.type().is_cuda(), as it was written once
            edits.replace(tokens[begin].start, token.end, _MEMBERS[token.text])
        elif token.text == "CUDA" and before == "::" and at >= 2 and tokens[at - 2].text in _ENUMS:
            enum = tokens[at - 2].text
            if _of_torch(tokens, at - 2) or (tokens[at - 3].text != "::" and enum not in own):
                edits.replace(token.start, token.end, "CPU")


def _of_torch(tokens: list[Token], at: int) -> bool:
    """Whether torch::, at:: or c10:: stands in front of a name."""
    return at >= 2 and tokens[at - 1].text == "::" and tokens[at - 2].text in _TORCH


def _declared(tokens: list[Token]) -> set[str]:
    """Names of enums of the source's own, and what stands in their braces."""
    found: set[str] = set()
    for at, token in enumerate(tokens):
        if token.text != "enum":
            continue
        end = at + 1
        while end < len(tokens) and tokens[end].text not in ("{", ";"):
            found.add(tokens[end].text)
            end += 1
        close = match_forward(tokens, end) if end < len(tokens) else None
        found |= {each.text for each in tokens[end : close or end]}
    return found


def _behind_index(tokens: list[Token], at: int) -> int:
    """The last token of `kCUDA, 1` in a device's parentheses: the CPU has no second one."""
    if at + 2 >= len(tokens) or tokens[at + 1].text != ",":
        return at
    begin = at - 1
    while begin >= 0 and (tokens[begin].text == "::" or tokens[begin].text in _TORCH):
        begin -= 1
    is_device = (
        begin >= 1
        and tokens[begin].text in ("(", "{")
        and (tokens[begin - 1].text in (*_DEVICE_MAKERS, "(") or tokens[begin - 2].text == "Device")
    )
    close = match_forward(tokens, begin) if is_device else None
    return at if close is None else close - 1


def _rewrite_name(source: Source, at: int, edits: Edits) -> None:
    """The "cuda" of torch::Device("cuda") and of m.impl("name", "cuda")'s relatives."""
    tokens = source.tokens
    token = tokens[at]
    name = token.text.strip('"')
    if at < 2 or name.partition(":")[0] != "cuda" or tokens[at - 1].text not in ("(", "{"):
        return
    if tokens[at - 2].text in _DEVICE_MAKERS or (
        at >= 3 and tokens[at - 3].text == "Device"  # torch::Device device("cuda")
    ):
        edits.replace(token.start, token.end, '"cpu"')
