"""What a kernel costs: the counters of Nsight Compute, from the accesses of a simulated launch."""

from __future__ import annotations

from kbk.errors import ArgumentError
from kbk.profiler.session import Profiler
from kbk.profiler.table import counter_table, counters
from kbk.sanitizer.history import MOST_RECORDS

MOST_REQUESTS = 50_000
"""Warp requests that are kept lane by lane, of each launch; 288 bytes each."""


def profile(*, most_requests: int = MOST_REQUESTS, most_records: int = MOST_RECORDS) -> Profiler:
    """Count what every call of an op on CPU tensors inside a `with` block asks of memory.

        with kbk.profile() as p:
            mod.silu_and_mul(out, x)
        launch = p.launches[0]
        launch.metrics["l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"]
        launch.by_line()            # the same for each line of the source
        launch.metrics_of("x")      # and for each tensor of the call

    The calls run a second build of the same source, in which the compiler tells the simulator of
    each access. The 32 lanes of a warp are aligned as a GPU reconverges them. Counters are of what
    a kernel asks of L1: what L2 and DRAM deliver depends on caches, which are not simulated, and so
    does time.

    Args:
        most_requests: warp requests to keep for pictures, of each launch; 0 keeps none. Counters
            always see all.
        most_records: accesses to keep for pictures and `kbk.explain`, 32 bytes each; 0 keeps none.

    Raises:
        ArgumentError: another block is under way; a number is none; or, from a call, a tensor is on
            a GPU.
    """
    for name, value in (("most_requests", most_requests), ("most_records", most_records)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ArgumentError(f"profile: {name} must be an int from 0 on; it was {value!r}.")
    return Profiler(most_requests, most_records)


__all__ = ["Profiler", "counter_table", "counters", "profile"]
