"""Launches made by hand, with the requests that a test wants; no kernel is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kbk.profiler.launch import REQUEST, ProfiledLaunch
from kbk.sanitizer.history import GLOBAL, SHARED, SharedVariable
from kbk.sanitizer.tensors import Allocation, Argument

LD, ST, RED, ATOM = range(4)
SOURCE = """\
__global__ void copy(float* out, const float* x, int64_t n) {
  const int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) {
    const float value = x[i];
    out[i] = value;
  }
}
"""


@dataclass(frozen=True)
class Line:
    """Counters of a line."""

    file: str
    line: int
    text: str
    metrics: Mapping[str, int]


@dataclass(frozen=True)
class Made:
    """Stands in for a launch of ``kbk.profile()``."""

    requests: np.ndarray[Any, Any]
    arguments: Sequence[Argument] = ()
    kernel: str = "copy"
    sources: Mapping[str, str] = field(default_factory=lambda: {"copy.cu": SOURCE})
    lines: Sequence[Line] = ()
    requests_left_out: int = 0
    shared: Sequence[SharedVariable] = ()
    allocations: Sequence[Allocation] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    ended: bool = False

    number_of = ProfiledLaunch.number_of

    def where(self, pcs: Sequence[int]) -> list[tuple[str, int] | None]:
        """The address of an access is the number of its line; 0 is nobody's."""
        return [("copy.cu", pc) if pc else None for pc in pcs]

    def argument_at(self, number: int) -> Argument | None:
        return next((each for each in self.arguments if each.number == number), None)

    def by_line(self) -> Sequence[Line]:
        return self.lines


def argument(
    name: str = "x",
    shape: Sequence[int] = (4096,),
    itemsize: int = 4,
    data: int = 1 << 20,
    number: int = 0,
) -> Argument:
    """A contiguous tensor."""
    steps = [int(np.prod(shape[d + 1 :])) for d in range(len(shape))]
    nbytes = int(np.prod(shape)) * itemsize
    return Argument(
        *(name, data, nbytes, data, tuple(shape), tuple(steps), itemsize, "float32"), number=number
    )


def request(
    offsets: Mapping[int, int] | Sequence[int],
    *,
    bytes: int = 4,
    kind: int = LD,
    line: int = 4,
    argument: int = 0,
    shared: bool = False,
    base: int = 1 << 20,
    block: int = 0,
    warp: int = 0,
) -> np.ndarray[Any, Any]:
    """One request, of bytes at offsets from `base` (shared memory: from its start), by lane."""
    by_lane = dict(offsets if isinstance(offsets, Mapping) else enumerate(offsets))
    row = np.zeros(1, REQUEST)
    row["pc"], row["block"], row["warp"], row["kind"] = line, block, warp, kind
    row["space"], row["bytes"] = SHARED if shared else GLOBAL, bytes
    row["argument"] = -1 if shared else argument
    for lane, offset in by_lane.items():
        row["lanes"] |= 1 << lane
        row["address"][0, lane] = offset if shared else base + offset
    row["cost"], row["ideal"] = (
        wavefronts(by_lane, bytes) if shared else sectors(by_lane, bytes, base)
    )
    return row


def sectors(by_lane: Mapping[int, int], bytes: int, base: int) -> tuple[int, int]:
    """Sectors, and the fewest for so many different bytes."""
    asked = {base + at + i for at in by_lane.values() for i in range(bytes)}
    return len({each // 32 for each in asked}), -(-len(asked) // 32)


def wavefronts(by_lane: Mapping[int, int], bytes: int) -> tuple[int, int]:
    """Wavefronts, and the fewest for so many different words."""
    together = 32 if bytes <= 4 else 16 if bytes <= 8 else 8
    cost, all_words = 0, set()
    for part in range(0, 32, together):
        words = {
            (at + i) // 4
            for lane, at in by_lane.items()
            if part <= lane < part + together
            for i in range(bytes)
        }
        banks = [word % 32 for word in words]
        cost += max((banks.count(bank) for bank in banks), default=0)
        all_words |= words
    return cost, max(1, -(-len(all_words) // 32))
