"""What an extension source may ask of torch and of Python that the simulator lacks."""

from __future__ import annotations

import re

from kbk.errors import UnsupportedError
from kbk.sim.translate.tokens import Source, Token

_MEMBERS = {  # behind "." or "->", in front of a call
    "class_": ("classes for Python (class_)", "bind functions of tensors and numbers"),
    "def_submodule": ("submodules", "bind the functions in the module itself"),
    "attr": ("attributes of a module (attr)", "bind a function that returns the value"),
}
_RANDOM = ("random numbers of torch's CUDA generators", "pass random numbers in a tensor")
_NAMES = {
    "PhiloxCudaState": _RANDOM,
    "getDefaultCUDAGenerator": _RANDOM,
    "CUDAGeneratorImpl": _RANDOM,
    "class_": _MEMBERS["class_"],
    "PYBIND11_EMBEDDED_MODULE": ("an embedded Python", "use PYBIND11_MODULE"),
}
_PATTERNS = {
    re.compile(r"cublas[A-Z]\w*"): ("cuBLAS", "call at::matmul"),
    re.compile(r"cudnn[A-Z]\w*"): ("cuDNN", "call torch's operators"),
    re.compile(r"nccl[A-Z]\w*"): ("NCCL", "keep to one device"),
}
_SPACES = {
    ("torch", "jit"): ("TorchScript (torch::jit)", "call the function from Python"),
    ("c10d", ""): ("torch.distributed (c10d)", "keep to one device"),
    ("philox", ""): _RANDOM,
}
_PYBIND = {
    *("arg", "none", "kw_only", "pos_only", "literals", "module", "module_", "return_value_policy"),
    *("gil_scoped_release", "gil_scoped_acquire", "call_guard"),
    *("value_error", "index_error", "type_error"),
}
_PYTHON = "take and return tensors, numbers, strings and lists of them"


def refuse_of_torch(source: Source) -> None:
    """Raises UnsupportedError for the first construct of an extension that is not there."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if token.kind != "name":
            continue
        entry = _entry(tokens, at)
        if entry is not None:
            raise UnsupportedError(source.file, source.line(token.start), *entry)


def _entry(tokens: list[Token], at: int) -> tuple[str, str] | None:
    text = tokens[at].text
    before = tokens[at - 1].text if at else ""
    after = [each.text for each in tokens[at + 1 : at + 3]] + ["", ""]
    if before in (".", "->") and after[0] in ("(", "<") and text in _MEMBERS:
        return _MEMBERS[text]
    if after[0] == "::":
        if text in ("py", "pybind11") and before != "namespace" and after[1] not in _PYBIND:
            if after[1] in _NAMES:
                return _NAMES[after[1]]
            return f"Python objects in C++ ({text}::{after[1]})", _PYTHON
        for (first, second), entry in _SPACES.items():
            if text == first and second in ("", after[1]):
                return entry
    if text in _NAMES:
        return _NAMES[text]
    return next((entry for pattern, entry in _PATTERNS.items() if pattern.fullmatch(text)), None)
