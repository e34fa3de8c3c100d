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

SUM = np.dtype(
    [
        ("key", "u8"),
        ("requests", "u8"),
        ("cost", "u8"),
        ("ideal", "u8"),
        ("lanes", "u8"),
        ("asked", "u8"),
        ("distinct", "u8"),
    ]
)
"""The requests of one place, kind and argument, as kbk/sim/runtime/tools/counters.h lays them out.

key: pc << 32 | bytes << 24 | argument << 16 | space << 8 | part << 7 | kind. A part is what one
    argument has of requests that ask for several; the whole of those has argument NOBODY.
cost, ideal: sectors of global memory, wavefronts of shared memory.
lanes: threads that took part, summed. asked, distinct: bytes, as often as asked for, and a byte of
    one request once.
"""

REQUEST = np.dtype(
    {
        "names": [
            *("pc", "block", "warp", "kind", "space", "bytes"),
            *("argument", "lanes", "cost", "ideal", "address"),
        ],
        "formats": ["u4", "u4", "u2", "u1", "u1", "u1", "i1", "u4", "u2", "u2", ("u8", 32)],
        "offsets": [0, 4, 8, 10, 11, 12, 13, 16, 20, 22, 32],
        "itemsize": 288,
    }
)
"""One request of a warp, as kbk/sim/runtime/tools/request_log.h lays it out.

pc: return address of the access, minus the lowest address of the library's code.
block, warp: linear number of the block, and of the warp in the block.
kind: LOAD, STORE, RED (an atomic whose result nobody uses) or ATOM.
space: GLOBAL, SHARED, or MODULE (a __device__ variable of the source).
bytes: of each lane. lanes: a mask. argument: number of the first lane's tensor, or -1.
cost, ideal: sectors (shared: wavefronts), and the least for so many bytes.
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


def cost(shared: bool, size: int, addresses: Sequence[int | None]) -> tuple[int, int, int]:
    """What the model takes one request for: sectors or wavefronts, the ideal, distinct bytes.

    Args:
        shared: whether the addresses are bytes of shared memory.
        size: bytes of each lane's access.
        addresses: by lane; None where a lane takes no part.
    """
    lanes = [lane for lane, address in enumerate(addresses) if address is not None]
    told = (ctypes.c_uint * 3)()
    _library().kbk_sim_profile_cost(
        int(shared),
        size,
        len(lanes),
        (ctypes.c_uint64 * 32)(*(address for address in addresses if address is not None)),
        (ctypes.c_ubyte * 32)(*lanes),
        told,
    )
    return told[0], told[1], told[2]


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
