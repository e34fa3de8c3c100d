"""What the copies ask of memory, traced: the closed forms that chapter 01 teaches."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kbk
from kbk.ops import family
from kbk.profiler import metrics
from kbk.profiler.launch import ProfiledLaunch

N = 16_384


def traced(
    op: str,
    *more: Any,
    n: int = N,
    dtype: torch.dtype = torch.float32,
    out_at: int = 0,
    x_at: int = 0,
) -> ProfiledLaunch:
    """The one launch of a copy of n elements; out and x begin so many elements late."""
    x = torch.ones(x_at + n, dtype=dtype)[x_at:]
    out = torch.empty(out_at + n, dtype=dtype)[out_at:]
    with kbk.profile() as p:
        getattr(family("copy"), op)(out, x, *more)
    assert torch.equal(out, x)
    (launch,) = p.launches
    return launch


def counts(launch: ProfiledLaunch, op: str) -> tuple[float, float]:
    """Requests, and sectors of all of them; `op` is ld or st."""
    requests = f"l1tex__t_requests_pipe_lsu_mem_global_op_{op}.sum"
    return launch.metrics[requests], launch.metrics[requests.replace("requests", "sectors")]


@pytest.mark.parametrize("op", ["ld", "st"])
@pytest.mark.parametrize(
    "rung, lanes_ask, sectors",
    [
        ("copy_one_per_thread", 1, 4),
        ("copy_own_chunk", 1, 32),
        ("copy_grid_stride", 1, 4),
        ("copy_any_element", 1, 4),
        ("copy_vectors", 4, 16),
        ("copy", 4, 16),
    ],
)
def test_a_rung_asks_for_as_many_sectors_as_its_lanes_need(rung, lanes_ask, sectors, op):
    launch = traced(rung)
    requests = N // (32 * lanes_ask)
    assert counts(launch, op) == (requests, requests * sectors)
    ideal = 4 * lanes_ask
    assert launch.metrics[metrics.SECTORS_EXCESSIVE] == 2 * requests * (sectors - ideal)
    assert launch.metrics["kbk__bytes_requested_over_distinct"] == 1
    assert launch.metrics["kbk__writes_per_element.max"] == 1


def test_chunks_have_28_sectors_in_excess_a_request_and_use_4_bytes_of_32():
    launch = traced("copy_own_chunk")
    requests = sum(counts(launch, op)[0] for op in ("ld", "st"))
    assert launch.metrics[metrics.SECTORS_EXCESSIVE] == 28 * requests
    assert launch.metrics["smsp__sass_average_data_bytes_per_sector_mem_global_op_ld.ratio"] == 4


@pytest.mark.parametrize("n", [1, 31, 32, 33, 4099, 300_001])
def test_a_grid_that_walks_has_the_counters_of_one_thread_an_element_at_any_size(n):
    one, walk = traced("copy_one_per_thread", n=n), traced("copy_grid_stride", n=n)
    names = metrics.NSIGHT
    assert [walk.metrics[name] for name in names] == [one.metrics[name] for name in names]
    assert counts(walk, "ld")[0] == -(-n // 32)


@pytest.mark.parametrize(
    "dtype, sectors",
    [(torch.uint8, 1), (torch.bfloat16, 2), (torch.float32, 4), (torch.float64, 8)],
)
def test_narrow_elements_take_more_requests_for_the_same_bytes_and_fewer_sectors_each(
    dtype, sectors
):
    n = 65_536 // dtype.itemsize
    launch = traced("copy_any_element", n=n, dtype=dtype)
    assert counts(launch, "ld") == (n // 32, n // 32 * sectors)
    assert launch.metrics[metrics.SECTORS_EXCESSIVE] == 0


def test_a_view_that_begins_within_a_sector_costs_one_sector_more_a_request():
    launch = traced("copy_one_per_thread", x_at=1)
    assert counts(launch, "ld") == (N // 32, N // 32 * 5)
    assert counts(launch, "st") == (N // 32, N // 32 * 4)


def test_vectors_in_flight_do_not_move_a_counter():
    launches = [traced("copy_in_flight", each, 128, 0, False) for each in (1, 2, 4, 8)]
    counters = [[launch.metrics[name] for name in metrics.NSIGHT] for launch in launches]
    assert counters[1:] == counters[:1] * 3
    assert counts(launches[0], "ld") == (N // 128, N // 128 * 16)
