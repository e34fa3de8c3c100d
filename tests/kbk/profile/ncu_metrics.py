"""The counters of Nsight Compute that are asked for, and what of them this GPU and version have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_KINDS = ("ld", "st", "red", "atom")
_SHARED = ("ld", "st", "atom", "red")

EXACT = [
    *(f"l1tex__t_requests_pipe_lsu_mem_global_op_{kind}.sum" for kind in _KINDS),
    *(f"l1tex__t_sectors_pipe_lsu_mem_global_op_{kind}.sum" for kind in _KINDS),
    *(f"l1tex__data_pipe_lsu_wavefronts_mem_shared_op_{kind}.sum" for kind in _SHARED),
    "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum",
    *(f"l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_{kind}.sum" for kind in _SHARED),
    *(f"smsp__inst_executed_op_global_{kind}.sum" for kind in _KINDS),
    *(f"smsp__inst_executed_op_shared_{kind}.sum" for kind in _SHARED),
    "memory_l2_theoretical_sectors_global",
    "memory_l2_theoretical_sectors_global_ideal",
    "derived__memory_l2_theoretical_sectors_global_excessive",
    "memory_l1_wavefronts_shared",
    "memory_l1_wavefronts_shared_ideal",
    "derived__memory_l1_wavefronts_shared_excessive",
]
"""Asked of cases and of patterns."""

MORE = [
    "memory_l1_tag_requests_global",
    "memory_l2_theoretical_sectors_local",
    "memory_shared_access_type",
    "memory_access_type",
    "inst_executed",
    "thread_inst_executed",
    "thread_inst_executed_true",
    *(f"l1tex__t_requests_pipe_lsu_mem_local_op_{kind}.sum" for kind in ("ld", "st")),
    *(f"smsp__sass_inst_executed_op_shared_{kind}.sum" for kind in _SHARED),
    *(f"smsp__sass_inst_executed_op_global_{kind}.sum" for kind in _KINDS),
    *(
        f"smsp__sass_average_data_bytes_per_sector_mem_global_op_{kind}.ratio"
        for kind in ("ld", "st")
    ),
    *(
        f"smsp__sass_average_data_bytes_per_wavefront_mem_shared_op_{kind}.ratio"
        for kind in ("ld", "st")
    ),
    "smsp__inst_executed_op_ldsm.sum",
    "smsp__inst_executed_op_ldgsts.sum",
    "smsp__inst_executed.sum",
    "smsp__thread_inst_executed.sum",
]
"""Asked of cases alone."""

FAMILIES = re.compile(
    r"smsp__(sass_)?(thread_)?inst_executed_op_\w*(shfl|shuffle|vote|inter_thread|redux|match)\w*"
    r"|smsp__inst_executed_op_(shared|global)_\w+"
    r"|smsp__sass_l1tex_(t_requests|t_sectors|data_pipe_lsu_wavefronts|data_bank_conflicts)\w*"
    r"mem_(global|shared)_op_(ld|st|red|atom)"
    r"|l1tex__t_requests_pipe_lsu_mem_(global|shared)_op_(ld|st|red|atom)\w*"
    r"|l1tex__t_set_conflicts_pipe_lsu_mem_global_op_(ld|st|red|atom)"
)
"""Names like these are asked of cases too, if the GPU has them: their .sum."""

MOST_OF_FAMILIES = 40
INTERESTING = re.compile(
    r"mem_global|mem_shared|mem_local|_op_|theoretical|wavefront|bank|shfl|vote|sector|branch"
)
"""What of all names is kept in metrics.txt."""

COLLECTIONS = ("profiling", "source", "launch", "device")


def queried(run: Callable[[list[str]], str]) -> dict[str, str]:
    """Each metric that ncu knows here, without the ending, and its description.

    Args:
        run: gives the output of ncu with some options; "" if it failed.
    """
    found: dict[str, str] = {}
    outputs = [run(["--query-metrics"])]
    outputs += [run(["--query-metrics", "--query-metrics-collection", c]) for c in COLLECTIONS]
    for output in outputs:
        for line in output.splitlines():
            match = re.match(r"([a-z][a-z0-9]*_[a-z0-9_]+)(?:\s+(.*))?$", line)
            if match:
                found.setdefault(match.group(1), (match.group(2) or "").strip())
    return found


def wanted(known: Iterable[str], patterns: bool) -> tuple[list[str], list[str]]:
    """Names to ask for, and names of our list that a query did not list (to be tried)."""
    names = set(known)
    asked = list(EXACT) if patterns else [*EXACT, *MORE]
    if not patterns:
        family = sorted(f"{name}.sum" for name in names if FAMILIES.fullmatch(name))
        asked += [name for name in family[:MOST_OF_FAMILIES] if name not in asked]
    sure = [name for name in asked if name.partition(".")[0] in names]
    return sure, [name for name in asked if name not in sure]
