"""The simulated device is torch's CPU: text that asks for CUDA tensors asks for CPU ones."""

from __future__ import annotations

from kbk.sim.translate.tokens import Edits, Source

_ANYWHERE = {"kCUDA": "kCPU"}
_MEMBERS = {"is_cuda": "is_cpu", "cuda": "cpu"}  # x.is_cuda(), x.cuda()
_ENUMS = {"DeviceType", "DispatchKey", "Backend"}  # DeviceType::CUDA
_DEVICE_MAKERS = {"Device", "device"}  # torch::Device("cuda:0")


def rewrite_devices(source: Source, edits: Edits) -> None:
    """Rewrites the device of tensors in ``source``.

    A tensor on the CPU is then "on the device", and one that the host reads stays what it is.
    """
    tokens = source.tokens
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.kind == "string":
            _rewrite_name(source, at, edits)
        elif token.kind != "name":
            continue
        elif token.text in _ANYWHERE and before not in (".", "->"):
            edits.replace(token.start, token.end, _ANYWHERE[token.text])
        elif token.text in _MEMBERS and before in (".", "->") and after == "(":
            edits.replace(token.start, token.end, _MEMBERS[token.text])
        elif token.text == "CUDA" and before == "::" and at >= 2 and tokens[at - 2].text in _ENUMS:
            edits.replace(token.start, token.end, "CPU")


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
