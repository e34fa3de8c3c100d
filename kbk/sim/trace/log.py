"""Accesses to global memory by the launches of a `with` block, and what they add up to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.errors import ArgumentError
from kbk.sim import runtime_library
from kbk.sim.trace.counting import Counting

if TYPE_CHECKING:
    import torch

MOST_ACCESSES = 20_000_000
"""What a log holds, 24 bytes each; a launch that makes more is ended."""

ACCESS = np.dtype(
    {
        "names": ["address", "pc", "block", "bytes", "thread", "access", "space"],
        "formats": ["u8", "u4", "u4", "u4", "u2", "u1", "u1"],
        "offsets": [0, 8, 12, 16, 20, 22, 23],
        "itemsize": 24,
    }
)
"""One access, as kbk/sim/runtime/access_log.cpp lays it out.

address: of its first byte; of a tensor's own memory, though a call works on a guarded copy.
pc: return address of the access, minus the lowest address of the library's code.
block, thread: linear numbers, of the block in the grid and of the thread in the block.
access: READ, WRITE, ATOMIC (read and write), ATOMIC_LOAD or ATOMIC_STORE.
space: GLOBAL, or MODULE for the source's own __device__ and __constant__ variables.
"""

READ, WRITE, ATOMIC, ATOMIC_LOAD, ATOMIC_STORE = range(5)
GLOBAL, SHARED, MODULE = range(3)


@dataclass(frozen=True)
class TracedLaunch:
    """One launch of the log.

    Attributes:
        kernel: its name.
        grid, block: (x, y, z).
        library, code: the library of the kernel, and where its code begins: `code + pc` is an
            offset in it, for `kbk.sim.faults.locate`.
        accesses: of the launch, in the order they were made; an array of `ACCESS`.
    """

    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    library: str
    code: int
    accesses: np.ndarray[Any, Any]


class AccessLog:
    """What `record` gives; filled at the end of its `with` block.

    Attributes:
        launches: in order. A launch of a plain module is among them, without accesses.
    """

    def __init__(self) -> None:
        self.launches: list[TracedLaunch] = []

    def counters(self, arguments: Mapping[str, torch.Tensor] | None = None) -> dict[str, int]:
        """Requests, sectors and bytes of global memory, summed over all launches.

        A request is what the threads of one warp access at one place of the code, the k-th time
        each of them comes there: a stand-in for the hardware's reconvergence (kbk.profile is to do
        that), exact unless lanes make different numbers of turns in a nested loop, or call one
        function from different places. A sector is 32 bytes at a multiple of 32. A struct that is
        copied is one access where its alignment is its size, up to 16 bytes, else words of 4; all
        of it counts, also members that nobody uses. (With clang: the members that are used.)

        Args:
            arguments: tensors of the calls by name, still alive. Adds "<counter>:<name>" for the
                accesses from a tensor's first element to its last.

        Returns:
            requests_ld, requests_st: warp requests that read, and that write or are atomic.
            sectors_ld, sectors_st: distinct sectors of each request, summed.
            excess_sectors: sectors of a request beyond ceil(distinct bytes / 32), summed, of both
                kinds.
            bytes_ld, bytes_st: what the threads asked for, a byte counted as often as it is asked
                for.
            atom_requests, atom_sectors: the atomic part of requests_st and sectors_st.
            writes_per_element_max: how often the byte written most often was written.

        Variables of the source (__device__, __constant__), shared memory and local variables do not
        count.
        """
        spans = {name: _span(tensor) for name, tensor in (arguments or {}).items()}
        counting = Counting(spans)
        for launch in self.launches:
            counting.add(launch.accesses[launch.accesses["space"] == GLOBAL])
        return counting.result()


@contextmanager
def record(most: int = MOST_ACCESSES) -> Iterator[AccessLog]:
    """Keep the accesses of the traced launches inside the `with` block; one recording at a time.

    Launches run on one OS thread meanwhile.

    Args:
        most: accesses; the launch that makes one more is ended with a LaunchError.
    """
    global _recording
    library = runtime_library.library()
    log = AccessLog()
    if library is None:  # nothing is built, so there is no traced module to call
        raise ArgumentError("record: load a module with trace.load first.")
    if _recording:
        raise ArgumentError("record: another recording is under way in this process.")
    _recording = True
    library.kbk_sim_access_log_start(most)
    try:
        yield log
        count = library.kbk_sim_access_log_stop()
        launches = json.loads(library.kbk_sim_access_log_launches())
        accesses = np.empty(count, ACCESS)
        library.kbk_sim_access_log_take(accesses.ctypes.data)
        log.launches += _cut(launches, accesses)
    finally:
        library.kbk_sim_access_log_stop()
        library.kbk_sim_access_log_discard()
        _recording = False


_recording = False


def _cut(launches: list[dict[str, Any]], accesses: np.ndarray[Any, Any]) -> list[TracedLaunch]:
    ends = [*(launch["first"] for launch in launches), len(accesses)][1:]
    return [
        TracedLaunch(
            launch["kernel"],
            tuple(launch["grid"]),
            tuple(launch["block"]),
            launch["library"],
            launch["code"],
            accesses[launch["first"] : end],
        )
        for launch, end in zip(launches, ends, strict=True)
    ]


def _span(tensor: torch.Tensor) -> tuple[int, int]:
    """Addresses of a tensor's first byte, and after its last."""
    begin = tensor.data_ptr()
    if tensor.numel() == 0:
        return begin, begin
    last = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
    return begin, begin + (last + 1) * tensor.element_size()
