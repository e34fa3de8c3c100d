"""What every thread of a launch did, in order, with the values: the record that `explain` reads."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.sim import runtime_library

if TYPE_CHECKING:
    from kbk.sanitizer.tensors import Allocation, Argument

MOST_RECORDS = 8_000_000
"""What a history holds, 32 bytes each; later accesses are left out, and the launch says so."""

RECORD = np.dtype(
    [
        ("address", "u8"),
        ("value", "u8"),
        ("pc", "u4"),
        ("block", "u4"),
        ("thread", "u2"),
        ("interval", "u2"),
        ("bytes", "u1"),
        ("access", "u1"),
        ("space", "u1"),
        ("marks", "u1"),
    ]
)
"""One record, as kbk/sim/runtime/tools/history.cpp lays it out; records are in the order of events.

address: of the first byte; of shared memory, counted from the start of the block's arena.
value: the bytes, little endian; of an access after it, but see AFTER.
pc: return address of the access, minus the lowest address of the library's code.
block, thread: linear numbers, of the block in the grid and of the thread in the block.
interval: how many __syncthreads the block had passed.
bytes: 1 to 8. An access of more is several records, the later ones marked CONTINUES.
access: READ to VOLATILE_WRITE, or MEETING: lanes of a warp met in a collective; address is the mask
    of the lanes, thread the first one of the warp, bytes the operation (SYNC or another). If it
    moves values, an EXCHANGE follows for each of the lanes: address has the bits that the lane
    gave, value those that it got; bytes is the operation again.
space: GLOBAL, SHARED or MODULE (the source's own __device__ and __constant__ variables). Of an
    EXCHANGE in a shuffle FROM + the lane whose value was got; what is not there has no value.
marks: bits. An atomic access is two records: what was there before it, and, marked AFTER, what is
    there since. UNKNOWN: the launch was ended before anybody saw the value.
"""

READ, WRITE, ATOMIC, ATOMIC_LOAD, ATOMIC_STORE, VOLATILE_READ, VOLATILE_WRITE, MEETING, EXCHANGE = (
    range(9)
)
GLOBAL, SHARED, MODULE = range(3)
CONTINUES, UNKNOWN, AFTER = 1, 2, 4
FROM = 0x80
SYNC = 0
"""The operation of a MEETING in __syncwarp; 1 to 4 are shuffles, the others votes and sums."""


@dataclass(frozen=True)
class SharedVariable:
    """A __shared__ variable, or the dynamic shared memory.

    Attributes:
        name: in the source.
        offset, size: bytes from the start of the block's arena, and bytes.
        element: bytes of one element.
        extents: of an array, () of a single value and of dynamic memory.
        type: of an element: "f" float, "h" half, "b" bfloat16, "i" signed, "u" unsigned, "?" other.
        dynamic: its size was given at the launch.
    """

    name: str
    offset: int
    size: int
    element: int
    extents: tuple[int, ...]
    type: str
    dynamic: bool


@dataclass(frozen=True, eq=False)
class Launch:
    """One launch of a session, and all that its threads did.

    Attributes:
        kernel: its name.
        grid, block: (x, y, z).
        serial: number of the launch in this process.
        complete: False if the history was full before the launch ended.
        ended: a fault or a time limit ended the launch.
        records: array of `RECORD`.
        library, code: the library of the kernel, and where its code begins: `code + pc` is an
            offset in it.
        order: block numbers in the order in which they began, if a seed shuffled them; else ().
        shared: the launch's shared variables.
        arguments: tensors of the call, as they were then.
        allocations: memory that the host function allocated.
        sources: text of the source files by name.
    """

    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    serial: int
    complete: bool
    records: np.ndarray[Any, Any] = field(repr=False)
    ended: bool = False
    library: str = ""
    code: int = 0
    order: tuple[int, ...] = field(default=(), repr=False)
    shared: tuple[SharedVariable, ...] = ()
    arguments: Sequence[Argument] = ()
    allocations: Sequence[Allocation] = ()
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)


def start(most: int = MOST_RECORDS) -> None:
    """Record from here on, at most so many records. The runtime must be loaded."""
    _library().kbk_sim_history_start(most)


def count() -> int:
    """Records so far. Launches of a call lie between two counts."""
    return int(_library().kbk_sim_history_count())


def stop() -> None:
    """Record no more; what was recorded waits for `take`."""
    _library().kbk_sim_history_stop()


def discard() -> None:
    """Record no more and forget what was recorded."""
    stop()
    _library().kbk_sim_history_discard()


def take() -> list[Launch]:
    """Stop, and give the launches; arguments and sources are for `dataclasses.replace` to add."""
    library = _library()
    records = np.empty(library.kbk_sim_history_stop(), RECORD)
    launches = json.loads(library.kbk_sim_history_launches())
    library.kbk_sim_history_take(records.ctypes.data)
    ends = [*(launch["first"] for launch in launches), len(records)][1:]
    return [
        _launch(launch, records[launch["first"] : end])
        for launch, end in zip(launches, ends, strict=True)
    ]


def _launch(told: dict[str, Any], records: np.ndarray[Any, Any]) -> Launch:
    return Launch(
        kernel=told["kernel"],
        grid=tuple(told["grid"]),
        block=tuple(told["block"]),
        serial=told["serial"],
        complete=told["complete"],
        records=records,
        ended=told["ended"],
        library=told["library"],
        code=told["code"],
        order=tuple(told["order"]),
        shared=tuple(
            SharedVariable(**{**variable, "extents": tuple(variable["extents"])})
            for variable in told["shared"]
        ),
    )


def _library() -> ctypes.CDLL:
    library = runtime_library.library()
    if library is None:
        raise RuntimeError("the simulator's runtime is not loaded: build a module first")
    library.kbk_sim_history_start.argtypes = [ctypes.c_uint64]
    library.kbk_sim_history_stop.restype = ctypes.c_uint64
    library.kbk_sim_history_count.restype = ctypes.c_uint64
    library.kbk_sim_history_launches.restype = ctypes.c_char_p
    library.kbk_sim_history_take.argtypes = [ctypes.c_void_p]
    return library
