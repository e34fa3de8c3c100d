"""The concepts of the book: where each is introduced, and where it is practised again.

Pages of chapters are held to it: a term is not used before its chapter, and a concept that was
promised for a chapter comes back there.
"""

from __future__ import annotations

from dataclasses import dataclass

CHAPTERS = {
    "00": "Setup",
    "01": "Copy",
    "02": "Activation",
    "03": "RoPE",
    "04": "Reductions",
    "05": "Lightning attention decode",
    "06": "Merging attention states",
    "07": "TopK, small",
    "08": "TopK, radix select",
    "09": "Quantization",
    "10": "GEMV and GEMM",
    "11": "MoE",
    "12": "Decode attention",
    "13": "Capstone",
}
"""Chapters by number. A folder of exercises begins with the number of one."""

TERMS = {
    "01": ["coalesc", "grid-stride", "alignment", "misaligned", "bytes in flight"],
    "02": ["device function", "fusion", "fused", "ulp", "arithmetic intensity", "roofline"],
    "03": ["in-place", "race", "GQA", "row stride"],
    "04": ["shuffle", "butterfly", "barrier", "shared memory", "residual"],
    "05": ["dynamic shared memory", "carve-up", "bank", "wavefront", "occupancy"],
    "06": ["log-sum-exp", "online softmax", "split-KV", "graph capture", "CUDA graph"],
    "07": ["ballot", "argmax", "tie rule", "packed key", "router"],
    "08": ["radix", "histogram", "prefix sum", "contention"],
}
"""Beginnings of words that a chapter introduces: no page before it uses them in its prose."""


@dataclass(frozen=True)
class Concept:
    """Something to learn.

    Attributes:
        name: in a few words.
        introduced: the chapter that explains it.
        again: later chapters that practise it, as numbers.
        words: a regular expression for a page, or the code on it, that does so.
    """

    name: str
    introduced: str
    again: tuple[str, ...]
    words: str


def _concept(name: str, introduced: str, again: str, words: str) -> Concept:
    return Concept(name, introduced, tuple(again.split()), words)


_LATER = "01 02 03 04 05 06 07 08"

CONCEPTS = (
    _concept("index, guard, nothing to do", "00", _LATER, r"blockIdx\.x\)? \* blockDim"),
    _concept("order is not promised", "00", "03 04 05 08", r"\bseed|\border\b"),
    _concept("sectors and requests", "00", _LATER, r"\bsectors?\b"),
    _concept("coalescing", "01", "04 05 07", r"coalesc|beside each other|neighbouring lanes"),
    _concept("vectors, alignment, tail", "01", "02 03 04 05", r"\baligned|\balignment|\btail\b"),
    _concept("bytes in flight", "01", "02 05", r"in flight"),
    _concept("launch latency floor", "01", "02 05 06", r"\blaunch"),
    _concept("the ceiling depends on the mix", "01", "02 03 04 05 06 07 08", r"\bceiling"),
    _concept("fusion saves bytes", "02", "03 04 05", r"\bfus(ed|ion|es?)\b"),
    _concept("float32 inside, one rounding", "02", "04 05 06", r"\bround(s|ed|ing)?\b"),
    _concept("grid by row or flat; waves", "02", "03 05 08", r"\bSMs\b|\bgrid\b"),
    _concept("the host side", "00", _LATER, r"KBK_CHECK|host function"),
    _concept("race, in-place ownership", "03", "04 05 08", r"\brac(e|es)\b"),
    _concept("shuffles, masks, block sum", "04", "06 07 08", r"shuffle|__shfl"),
    _concept("barriers and buffer reuse", "04", "05 08", r"barrier|__syncthreads"),
    _concept("banks, wavefronts, padding", "05", "08 10", r"\bbanks?\b|wavefront"),
    _concept("dynamic shared memory, occupancy", "05", "08 10", r"shared memory|occupancy"),
    _concept("safe exp and log", "06", "12 13", r"log-sum-exp|\bmaximum\b"),
    _concept("ties, NaN, a total order", "07", "08 11", r"\bties?\b|total order"),
    _concept("atomics and contention", "08", "11 12", r"\batomic"),
    _concept("blocks that cooperate", "08", "10 12", r"cooperat|split-K"),
)
"""In the order in which they are introduced."""
