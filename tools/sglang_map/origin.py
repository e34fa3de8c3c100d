"""Whose text a file is: licence headers, "adapted from", and what it takes in of libraries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tools.sglang_map import text

OWN = "SGLang"

# Owner and repository on GitHub, the letters as they may come -> the project.
_REPOSITORIES = {
    "dao-ailab/causal-conv1d": "causal-conv1d",
    "dao-ailab/fast-hadamard-transform": "fast-hadamard-transform",
    "dao-ailab/flash-attention": "FlashAttention",
    "deepseek-ai/deepep": "DeepEP",
    "deepseek-ai/deepgemm": "DeepGEMM",
    "deepseek-ai/flashmla": "FlashMLA",
    "flashinfer-ai/flashinfer": "FlashInfer",
    "ggerganov/llama.cpp": "llama.cpp",
    "ist-daslab/marlin": "Marlin",
    "microsoft/mscclpp": "MSCCL++",
    "mit-han-lab/omniserve": "QServe",
    "mlc-ai/xgrammar": "XGrammar",
    "nvidia/cutlass": "CUTLASS",
    "nvidia/dali": "DALI",
    "nvidia/tensorrt-llm": "TensorRT-LLM",
    "pytorch/pytorch": "PyTorch",
    "qwopqwop200/gptq-for-llama": "GPTQ-for-LLaMa",
    "sgl-project/fast-hadamard-transform": "fast-hadamard-transform",
    "tencent/hunyuan3d-2": "Hunyuan3D-2",
    "tile-ai/tilelang": "TileLang",
    "turboderp/exllama": "ExLlama",
    "turboderp/exllamav2": "ExLlamaV2",
    "vllm-project/vllm": "vLLM",
}
# How a holder of a copyright is written -> the project, or who it is.
_HOLDERS = {
    "flashinfer": "FlashInfer",
    "marlin": "Marlin",
    "microsoft": "Microsoft",
    "nvidia": "NVIDIA",
    "sglang": OWN,
    "tri dao": "Tri Dao",
    "vllm": "vLLM",
}
# How an include begins -> the library whose kernels it brings. CUTLASS's arrays bring none.
_LIBRARIES = {
    "cutlass/gemm/": "CUTLASS",
    "flashinfer/": "FlashInfer",
    "mscclpp/": "MSCCL++",
}
_TAKEN = re.compile(
    r"\b(?:adapt|adatp|copied|ported|taken|derived|borrowed|modified)", re.IGNORECASE
)
_NAMED = re.compile(
    r"\b(?:adapted|copied|ported|taken|modified)\b[^\n]{0,20}? from (?:the )?([\w.+-]+)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://github\.com/([\w.-]+/[\w.-]+)")


@dataclass(frozen=True)
class Origin:
    """What a file says of itself.

    Attributes:
        holders: of the copyright in its head, sorted.
        adapted: projects that its head says it to be taken from, sorted.
        parts: projects that comments further down say a part to be taken from, sorted.
    """

    holders: tuple[str, ...]
    adapted: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def whose(self) -> tuple[str, ...]:
        """Whose text it is: where it was taken from, else who has the copyright, else SGLang."""
        others = tuple(holder for holder in self.holders if holder != OWN)
        return self.adapted or others or (OWN,)


def origin(source: str) -> Origin:
    """Read a file's comments."""
    head = text.head(source)
    holders = {
        who
        for line in head.splitlines()
        if "copyright" in line.lower()
        for key, who in _HOLDERS.items()
        if key in line.lower()
    }
    adapted = _taken_from(text.comments(head))
    parts = _taken_from(text.comments(source[len(head) :])) - adapted
    return Origin(tuple(sorted(holders)), tuple(sorted(adapted)), tuple(sorted(parts)))


def _taken_from(comments: Iterable[str]) -> set[str]:
    known = {name.lower(): name for name in _REPOSITORIES.values()}
    found = set()
    for comment in comments:
        if _TAKEN.search(comment):
            addresses = [each.lower().removesuffix(".git") for each in _ADDRESS.findall(comment)]
            found |= {_REPOSITORIES[each] for each in addresses if each in _REPOSITORIES}
            names = [each.lower() for each in _NAMED.findall(comment)]
            found |= {known[each] for each in names if each in known}
    return found


def libraries(includes: Iterable[str]) -> list[str]:
    """The libraries whose kernels come in with these includes, sorted."""
    found = {
        library
        for include in includes
        for start, library in _LIBRARIES.items()
        if include.startswith(start)
    }
    return sorted(found)


def closure(
    start: Iterable[str], includes: Mapping[str, Iterable[str]], roots: Iterable[str]
) -> set[str]:
    """The files that the first ones take in, themselves among them.

    Args:
        start: paths.
        includes: path -> what it includes, as it is written.
        roots: folders that an include may count from, beside that of its file.
    """
    found: set[str] = set()
    waiting = list(start)
    folders = list(roots)
    while waiting:
        path = waiting.pop()
        if path in found or path not in includes:
            continue
        found.add(path)
        for include in includes[path]:
            for folder in [path.rsplit("/", 1)[0], *folders]:
                at = _normal(f"{folder}/{include}")
                if at in includes:
                    waiting.append(at)
                    break
    return found


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
