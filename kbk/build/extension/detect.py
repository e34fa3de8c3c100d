"""Tell a standard extension source from one of the course's own kind, and what it registers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..tokens import Directive, Token, scan

_HEADERS = re.compile(
    r'[<"](?:torch/(?!headeronly/|csrc/stable/|csrc/inductor/)|ATen/|c10/|THC/|pybind11/)'
)
_BLOCKS = {"TORCH_LIBRARY", "TORCH_LIBRARY_FRAGMENT", "TORCH_LIBRARY_IMPL", "PYBIND11_MODULE"}
_NAMES = _BLOCKS | {"TORCH_CHECK", "AT_DISPATCH_SWITCH", "C10_CUDA_KERNEL_LAUNCH_CHECK"}
_STABLE = {"stable", "headeronly", "standalone"}
_RARE = {"nn", "optim", "data", "serialize", "fft", "linalg", "special", "nested", "jit", "sparse"}


def is_extension(texts: Iterable[str]) -> bool:
    """Whether a source speaks of torch's C++ API: by a header, by `at::Tensor`, by a macro."""
    return any(line_of_extension(text) is not None for text in texts)


def line_of_extension(text: str) -> int | None:
    """The first line that speaks of torch's C++ API."""
    for before, item in _pairs(text):
        if isinstance(item, Directive):
            if item.name.startswith("include") and _HEADERS.match(item.rest):
                return item.line
            if item.name == "define" and _HEADERS.search(item.rest):  # for an #include of a macro
                return item.line
        elif item.kind == "name":
            if item.text in _NAMES or item.text.startswith("AT_DISPATCH_"):
                return item.line
            if before in ("at::", "c10::cuda::"):
                return item.line
            if before == "torch::" and item.text not in _STABLE:
                return item.line
    return None


def _pairs(text: str) -> Iterable[tuple[str, Token | Directive]]:
    """Each item with the namespaces that are written in front of it: "torch::nn::"."""
    spaces, last = "", ""  # what may go on after a name, and that name
    for item in scan(text):
        if isinstance(item, Directive):
            yield "", item
            spaces = last = ""
        elif item.text == "::":
            spaces, last = (f"{spaces}{last}::" if last else ""), ""
        else:
            yield (spaces if not last else ""), item
            spaces = spaces if item.kind == "name" and not last else ""
            last = item.text if item.kind == "name" else ""


def needs_whole_torch(texts: Iterable[str]) -> bool:
    """Whether a source uses a part of torch's C++ API that the precompiled headers leave out."""
    return any(
        before == "torch::" and item.text in _RARE
        for text in texts
        for before, item in _pairs(text)
        if isinstance(item, Token) and item.kind == "name"
    )


def registers(texts: Iterable[str]) -> bool:
    """Whether a source binds its functions itself."""
    return any(
        isinstance(item, Token) and item.text in _BLOCKS for text in texts for item in scan(text)
    )
