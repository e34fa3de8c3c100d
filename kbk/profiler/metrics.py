"""Names of counters, and their values from sums of warp requests.

Names are Nsight Compute's where it has one: https://docs.nvidia.com/nsight-compute/ProfilingGuide/
Ours begin with ``kbk__``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kbk.profiler.counted import (
    ATOM,
    COLLECTIVE,
    GLOBAL,
    LOAD,
    MODULE,
    RED,
    SHARED,
    SPECIAL,
    STORE,
    SUM,
    Counted,
)

Array = np.ndarray[Any, Any]
Metrics = dict[str, float]

_GLOBAL = {"ld": LOAD, "st": STORE, "red": RED, "atom": ATOM}
_REQUESTS = "l1tex__t_requests_pipe_lsu_mem_global_op_{}.sum"
_SECTORS = "l1tex__t_sectors_pipe_lsu_mem_global_op_{}.sum"
_BYTES_PER_SECTOR = "smsp__sass_average_data_bytes_per_sector_mem_global_op_{}.ratio"
_INSTRUCTIONS = "smsp__sass_inst_executed_op_shared_{}.sum"
_WAVEFRONTS = "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_{}.sum"
_SHARED = {"ld": (LOAD,), "st": (STORE,), "atom": (RED, ATOM)}

REQUESTS = tuple(_REQUESTS.format(op) for op in _GLOBAL)
REQUESTS_LD, REQUESTS_ST = _REQUESTS.format("ld"), _REQUESTS.format("st")
SECTORS_LD, SECTORS_ST = _SECTORS.format("ld"), _SECTORS.format("st")
SECTORS = "memory_l2_theoretical_sectors_global"
SECTORS_IDEAL = "memory_l2_theoretical_sectors_global_ideal"
SECTORS_EXCESSIVE = "derived__memory_l2_theoretical_sectors_global_excessive"
WAVEFRONTS = "memory_l1_wavefronts_shared"
WAVEFRONTS_IDEAL = "memory_l1_wavefronts_shared_ideal"
WAVEFRONTS_EXCESSIVE = "derived__memory_l1_wavefronts_shared_excessive"

NSIGHT = (
    *(name.format(op) for name in (_REQUESTS, _SECTORS) for op in _GLOBAL),
    *(_BYTES_PER_SECTOR.format(op) for op in ("ld", "st")),
    *(SECTORS, SECTORS_IDEAL, SECTORS_EXCESSIVE),
    *(name.format(op) for name in (_INSTRUCTIONS, _WAVEFRONTS) for op in _SHARED),
    *(WAVEFRONTS, WAVEFRONTS_IDEAL, WAVEFRONTS_EXCESSIVE),
)
"""What Nsight Compute counts too; the others are `OURS`."""

OURS = {
    "kbk__bytes_requested_ld.sum": "bytes of global memory that threads ask to read",
    "kbk__bytes_requested_st.sum": "bytes of global memory that threads write, atomics included",
    "kbk__bytes_requested_over_distinct": "bytes asked for / bytes touched, reads and writes apart",
    "kbk__writes_per_element.max": "of the byte written most often; of stores up to 65,535",
    "kbk__active_blocks": "blocks with at least one store to global memory",
    "kbk__barriers.sum": "__syncthreads of all blocks",
    "kbk__barriers_per_block.max": "__syncthreads of one block",
    "kbk__collectives.sum": "shuffles, votes, matches and reduces of all warps",
    "kbk__collectives_per_warp": "of the warp that executes most of them",
    "kbk__special_functions": "exp, log, sin, cos, tanh, rsqrt, pow; divisions outside of macros",
    "kbk__special_functions_per_thread.max": "of the thread that makes most of them",
    "kbk__same_address_atomics.max": "atomic operations of threads on one address, of the launch",
    "kbk__same_address_atomics_per_block.max": "and of one block",
    "kbk__shared_bytes_per_block": "static and dynamic shared memory of a block",
    "kbk__launches": "1",
}
"""Counters of this project: what each is."""


def parts(sums: Array) -> dict[str, Array]:
    """The fields in the keys of sums: pc, size, argument, space, part, kind."""
    key = sums["key"]
    return {
        "pc": (key >> np.uint64(32)).astype(np.int64),
        "size": (key >> np.uint64(24) & np.uint64(0xFF)).astype(np.int64),
        "argument": (key >> np.uint64(16) & np.uint64(0xFF)).astype(np.int64),
        "space": (key >> np.uint64(8) & np.uint64(0xFF)).astype(np.int64),
        "part": (key >> np.uint64(7) & np.uint64(1)).astype(np.int64),
        "kind": (key & np.uint64(0x7F)).astype(np.int64),
    }


def of_requests(sums: Array) -> Metrics:
    """The counters that add up from request to request: of a launch, a line or an argument.

    Args:
        sums: array of `SUM`, whole requests or the parts of one argument, not both.
    """
    if not len(sums):
        sums = np.zeros(0, SUM)
    field = parts(sums)
    on_global = (field["space"] == GLOBAL) | (field["space"] == MODULE)
    on_global &= field["kind"] <= ATOM
    on_shared = (field["space"] == SHARED) & (field["kind"] <= ATOM)

    def total(column: str, chosen: Array) -> int:
        return int(sums[column][chosen].sum())

    found: Metrics = {}
    for op, kind in _GLOBAL.items():
        mine = on_global & (field["kind"] == kind)
        found[_REQUESTS.format(op)] = total("requests", mine)
        found[_SECTORS.format(op)] = total("cost", mine)
        if op in ("ld", "st"):
            sectors = total("cost", mine)
            found[_BYTES_PER_SECTOR.format(op)] = total("distinct", mine) / max(sectors, 1)
    found[SECTORS] = total("theoretical", on_global)
    found[SECTORS_IDEAL] = total("ideal", on_global)
    found[SECTORS_EXCESSIVE] = found[SECTORS] - found[SECTORS_IDEAL]
    for op, kinds in _SHARED.items():
        mine = on_shared & np.isin(field["kind"], kinds)
        found[_INSTRUCTIONS.format(op)] = total("requests", mine)
        found[_WAVEFRONTS.format(op)] = total("cost", mine)
    found[WAVEFRONTS] = total("theoretical", on_shared)
    found[WAVEFRONTS_IDEAL] = total("ideal", on_shared)
    found[WAVEFRONTS_EXCESSIVE] = found[WAVEFRONTS] - found[WAVEFRONTS_IDEAL]
    loads = on_global & (field["kind"] == LOAD)
    found["kbk__bytes_requested_ld.sum"] = total("asked", loads)
    found["kbk__bytes_requested_st.sum"] = total("asked", on_global & ~loads)
    found["kbk__collectives.sum"] = total("requests", _collectives(field))
    found["kbk__special_functions"] = total("lanes", field["kind"] == SPECIAL)
    return found


def of_launch(counted: Counted) -> Metrics:
    """All counters of a launch."""
    field = parts(counted.sums)
    totals = counted.totals
    found = of_requests(counted.sums[field["part"] == 0])
    asked = found["kbk__bytes_requested_ld.sum"] + found["kbk__bytes_requested_st.sum"]
    found |= {
        "kbk__bytes_requested_over_distinct": _over(asked, totals["read"] + totals["written"]),
        "kbk__writes_per_element.max": max(totals["most_writes"], _most_atomics(counted)),
        "kbk__active_blocks": totals["active_blocks"],
        "kbk__barriers.sum": totals["barriers"],
        "kbk__barriers_per_block.max": totals["barriers_per_block"],
        "kbk__collectives_per_warp": totals["collectives_per_warp"],
        "kbk__special_functions_per_thread.max": totals["special_per_thread"],
        "kbk__same_address_atomics.max": totals["atomics_per_launch"],
        "kbk__same_address_atomics_per_block.max": totals["atomics_per_block"],
        "kbk__shared_bytes_per_block": totals["shared_bytes"],
        "kbk__launches": 1,
    }
    return found


def of_argument(counted: Counted, number: int) -> Metrics:
    """The counters of the accesses to one argument of the call."""
    field = parts(counted.sums)
    mine = (field["argument"] == number) & (field["kind"] <= ATOM)
    found = of_requests(counted.sums[mine])
    asked = found["kbk__bytes_requested_ld.sum"] + found["kbk__bytes_requested_st.sum"]
    touched = counted.touched.get(number)
    if touched is not None:  # by whomever: a tensor of the same memory may be the one that wrote
        reads = touched.read if found["kbk__bytes_requested_ld.sum"] else 0
        writes = touched.written if found["kbk__bytes_requested_st.sum"] else 0
        found["kbk__bytes_requested_over_distinct"] = _over(asked, reads + writes)
        found["kbk__writes_per_element.max"] = touched.most_writes
    return found


def _collectives(field: dict[str, Array]) -> Array:
    """Which sums are of collectives that move values: __syncwarp, operation 0, is none."""
    return (field["kind"] == COLLECTIVE) & (field["size"] != 0)


def _most_atomics(counted: Counted) -> int:
    """Writes of a byte stop at 65,535; atomics on one address are counted further."""
    if counted.totals["most_writes"] < 65_535:
        return 0
    return counted.totals["atomics_per_launch"]


def _over(asked: float, distinct: int) -> float:
    return asked / distinct if distinct else 0.0
