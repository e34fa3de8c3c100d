"""What the simulator counted of the launches of a call: sums by place, and single warp requests."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.sim import runtime_library

if TYPE_CHECKING:
    from kbk.sanitizer.tensors import Argument

Array = np.ndarray[Any, Any]

SUM = np.dtype(
    [
        ("key", "u8"),
        ("requests", "u8"),
        ("cost", "u8"),
        ("theoretical", "u8"),
        ("ideal", "u8"),
        ("lanes", "u8"),
        ("asked", "u8"),
        ("distinct", "u8"),
    ]
)
"""The requests of one place, kind and argument, as kbk/sim/runtime/tools/counters.h lays them out.

key: pc << 32 | bytes << 24 | argument << 16 | space << 8 | part << 7 | kind. A part is what one
    argument has of requests that ask for several; the whole of those has argument NOBODY.
cost, theoretical, ideal: sectors of global memory, wavefronts of shared memory: as the hardware
    counts them; as Nsight Compute computes them from the addresses (the same but for atomics and
    paired wide loads); and the least for so many lanes.
lanes: threads that took part, summed. asked, distinct: bytes, as often as asked for, and a byte of
    one request once.
"""

REQUEST = np.dtype(
    {
        "names": [
            *("pc", "block", "warp", "kind", "space", "bytes"),
            *("argument", "lanes", "cost", "ideal", "theoretical", "address"),
        ],
        "formats": ["u4", "u4", "u2", "u1", "u1", "u1", "i1", "u4", "u2", "u2", "u2", ("u8", 32)],
        "offsets": [0, 4, 8, 10, 11, 12, 13, 16, 20, 22, 24, 32],
        "itemsize": 288,
    }
)
"""One request of a warp, as kbk/sim/runtime/tools/request_log.h lays it out.

pc: return address of the access, minus the lowest address of the library's code.
block, warp: linear number of the block, and of the warp in the block.
kind: LOAD, STORE, RED (an atomic whose result nobody uses) or ATOM.
space: GLOBAL, SHARED, or MODULE (a __device__ variable of the source).
bytes: of each lane. lanes: a mask. argument: number of the first lane's tensor, or -1.
cost, theoretical, ideal: as in `SUM`.
address: by lane, 0 where it takes no part; of shared memory from the start of the block's arena.
"""

LOAD, STORE, RED, ATOM, COLLECTIVE, SPECIAL = range(6)
GLOBAL, SHARED, MODULE = range(3)
NOBODY = 255
SPECIALS = ("exp", "log", "sincos", "tanh", "rsqrt", "division", "pow", "other")
_TOTALS = (
    *("blocks", "warps", "active_blocks", "barriers", "barriers_per_block"),
    *("collectives", "collectives_per_warp", "special_per_thread"),
    *("atomics_per_block", "atomics_per_launch", "shared_bytes", "read", "written", "most_writes"),
    *SPECIALS,
)


@dataclass(frozen=True)
class Touched:
    """What a launch did to a tensor: bytes that it read and wrote, and the most writes of one."""

    read: int
    written: int
    most_writes: int


@dataclass(frozen=True, eq=False)
class Counted:
    """One launch.

    Attributes:
        serial: its number in this process.
        kernel, grid, block: name and shape.
        library, code: the library of the kernel, and where its code begins.
        totals: numbers of the launch as a whole, by name.
        touched: of each argument of the call, by number.
        sums: array of `SUM`.
        requests: array of `REQUEST`; left_out more of them were not kept.
        ended: a fault or a time limit ended the launch.
    """

    serial: int
    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    library: str
    code: int
    totals: dict[str, int]
    touched: dict[int, Touched]
    sums: np.ndarray[Any, Any]
    requests: np.ndarray[Any, Any]
    left_out: int
    ended: bool


def start(arguments: Sequence[Argument], most_requests: int) -> None:
    """Count launches from here on: those of one call with these arguments."""
    library = _library()
    library.kbk_sim_profile_call()
    for argument in arguments:
        if argument.is_host or argument.number is None:
            continue
        dim = len(argument.shape)
        integers = ctypes.c_int64 * dim
        library.kbk_sim_profile_argument(
            argument.number,
            argument.writable,
            argument.data,
            argument.itemsize,
            dim,
            integers(*argument.shape),
            integers(*argument.strides),
        )
    library.kbk_sim_profile_start(most_requests)


def stop() -> None:
    """Count no more; what was counted waits for `take`."""
    _library().kbk_sim_profile_stop()


def take() -> list[Counted]:
    """Stop, and give what was counted, launch by launch."""
    library = _library()
    library.kbk_sim_profile_stop()
    found = []
    for number, told in enumerate(json.loads(library.kbk_sim_profile_launches())):
        sums, requests = np.empty(told["sums"], SUM), np.empty(told["requests"], REQUEST)
        library.kbk_sim_profile_take(number, sums.ctypes.data, requests.ctypes.data)
        _settle_atomics(sums, requests)
        found.append(
            Counted(
                told["serial"],
                told["kernel"],
                tuple(told["grid"]),
                tuple(told["block"]),
                told["library"],
                told["code"],
                dict(zip(_TOTALS, told["totals"], strict=True)),
                {number: Touched(*rest) for number, *rest in told["arguments"]},
                sums,
                requests,
                told["left_out"],
                told["ended"],
            )
        )
    library.kbk_sim_profile_discard()
    return found


def _settle_atomics(sums: Array, requests: Array) -> None:
    """An instruction whose result one thread uses is ATOM for all, also where nobody does."""
    kind = sums["key"] & np.uint64(0x7F)
    pc = sums["key"] >> np.uint64(32)
    used = np.unique(pc[kind == ATOM])
    is_red = (kind == RED) & np.isin(pc, used)
    sums["key"][is_red] += np.uint64(ATOM - RED)
    requests["kind"][(requests["kind"] == RED) & np.isin(requests["pc"], used)] = ATOM


@dataclass(frozen=True)
class Cost:
    """Of one request: as in `SUM`; `distinct` in bytes."""

    cost: int
    theoretical: int
    ideal: int
    distinct: int


def cost(shared: bool, kind: int, size: int, addresses: Sequence[int | None]) -> Cost:
    """What the model takes one request for.

    Args:
        shared: whether the addresses are bytes of shared memory.
        kind: LOAD, STORE, RED or ATOM.
        size: bytes of each lane's access.
        addresses: by lane; None where a lane takes no part.
    """
    lanes = [lane for lane, address in enumerate(addresses) if address is not None]
    told = (ctypes.c_uint * 4)()
    _library().kbk_sim_profile_cost(
        int(shared),
        kind,
        size,
        len(lanes),
        (ctypes.c_uint64 * 32)(*(address for address in addresses if address is not None)),
        (ctypes.c_ubyte * 32)(*lanes),
        told,
    )
    return Cost(*told)


def _library() -> ctypes.CDLL:
    library = runtime_library.library()
    if library is None:
        raise RuntimeError("the simulator's runtime is not loaded: build a module first")
    integers = ctypes.POINTER(ctypes.c_int64)
    library.kbk_sim_profile_argument.argtypes = [
        *(ctypes.c_int, ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int),
        *(integers, integers),
    ]
    library.kbk_sim_profile_start.argtypes = [ctypes.c_uint64]
    library.kbk_sim_profile_launches.restype = ctypes.c_char_p
    library.kbk_sim_profile_take.argtypes = [ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p]
    return library
