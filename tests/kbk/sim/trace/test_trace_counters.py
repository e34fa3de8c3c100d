"""Counters of traced launches against closed forms."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from traced_sources import COPY, MIX, MIX_FUNCTIONS, counters, profiled

from kbk.build.toolchain import host_compiler
from kbk.profiler.counted import GLOBAL, LOAD, MODULE, STORE
from kbk.sim import trace

N = 4096
RUNGS = [
    "copy_one_per_thread",
    "copy_own_chunk",
    "copy_grid_stride",
    "copy_any_element",
    "copy_vectors",
    "copy_in_flight",
]


@pytest.fixture(scope="module")
def copy() -> Any:
    return trace.load("copy", COPY, RUNGS)


@pytest.fixture(scope="module")
def mix() -> Any:
    return trace.load("mix", MIX, MIX_FUNCTIONS)


def of(counted: dict[str, float], *names: str) -> tuple[float, ...]:
    return tuple(counted[name] for name in names)


REQUESTS = ("requests_ld", "requests_st")
SECTORS = ("sectors_ld", "sectors_st")


@pytest.mark.parametrize("rung", ["copy_one_per_thread", "copy_grid_stride", "copy_any_element"])
@pytest.mark.parametrize("n", [1, 31, 32, 33, N])
def test_one_float_a_lane_takes_four_sectors_a_request(copy: Any, rung: str, n: int) -> None:
    x = torch.randn(n)
    out = torch.empty(n)
    counted = counters(getattr(copy, rung), out, x)
    assert torch.equal(out, x)
    assert of(counted, *REQUESTS) == (-(-n // 32),) * 2
    assert of(counted, *SECTORS) == (-(-n * 4 // 32),) * 2
    assert of(counted, "excess", "bytes_ld", "bytes_st") == (0, 4 * n, 4 * n)
    assert of(counted, "sectors_ld:x", "sectors_st:x", "sectors_ld:out", "sectors_st:out") == (
        counted["sectors_ld"],
        0,
        0,
        counted["sectors_st"],
    )
    assert counted["writes:out"] == 1 and counted["writes:x"] == 0


def test_an_own_chunk_of_sixteen_floats_takes_28_sectors_too_many_a_request(copy: Any) -> None:
    x = torch.randn(N)
    counted = counters(copy.copy_own_chunk, torch.empty(N), x)
    assert of(counted, *REQUESTS) == (N // 32, N // 32)
    assert of(counted, *SECTORS) == (N, N)
    assert counted["excess"] == 2 * 28 * (N // 32)


def test_sixteen_bytes_a_lane_are_one_request_of_sixteen_sectors(copy: Any) -> None:
    x = torch.randn(N)
    for counted in (
        counters(copy.copy_vectors, torch.empty(N), x, 128),
        counters(copy.copy_in_flight, torch.empty(N), x, 4, 128, 0, True),
    ):
        assert of(counted, *REQUESTS) == (N // 128, N // 128)
        assert of(counted, *SECTORS) == (N // 128 * 16,) * 2
        assert counted["excess"] == 0


def test_two_bytes_a_lane_take_two_sectors_a_request(copy: Any) -> None:
    x = torch.randn(N).bfloat16()
    counted = counters(copy.copy_any_element, torch.empty_like(x), x)
    assert of(counted, *REQUESTS, *SECTORS) == (N // 32, N // 32, N // 16, N // 16)


def test_a_tensor_that_begins_off_a_sector_takes_one_more_a_request(copy: Any) -> None:
    whole = torch.randn(N + 1)
    x, out = whole[1:], torch.empty(N)
    assert whole.data_ptr() % 32 == 0 and out.data_ptr() % 32 == 0
    counted = counters(copy.copy_one_per_thread, out, x)
    assert counted["sectors_ld"] == counted["sectors_ld:x"] == N // 32 * 5
    assert counted["excess"] == counted["excess:x"] == N // 32
    assert counted["sectors_st"] == N // 32 * 4


def test_a_storage_too_large_for_the_guard_counts_the_same(copy: Any) -> None:
    whole = torch.zeros((64 << 20) // 4 + 1024)
    x, out = whole[-1024:], torch.empty(1024)
    counted = counters(copy.copy_one_per_thread, out, x)
    assert of(counted, "requests_ld:x", "sectors_ld:x", "excess") == (32, 128, 0)


@pytest.mark.parametrize("swapped", [False, True])
def test_add_bias_with_rows_and_columns_swapped_reads_a_row_a_lane(mix: Any, swapped: bool) -> None:
    rows, cols = 64, 96
    x, b = torch.randn(rows, cols), torch.randn(cols)
    out = torch.empty_like(x)
    counted = counters(mix.add_bias, out, x, b, swapped)
    torch.testing.assert_close(out, x + b)
    requests = rows * cols // 32
    each = 32 if swapped else 4
    assert of(counted, "requests_ld:x", "requests_ld:b", "requests_st:out") == (requests,) * 3
    assert of(counted, "sectors_ld:x", "sectors_st:out") == (requests * each,) * 2
    assert counted["sectors_ld:b"] == requests * (1 if swapped else 4)
    assert counted["excess"] == 2 * requests * (each - 4)


@pytest.mark.parametrize("tiled", [False, True])
def test_a_transpose_through_shared_memory_has_no_excess_and_shared_is_not_counted(
    mix: Any, tiled: bool
) -> None:
    n = 64
    x = torch.randn(n, n)
    out = torch.empty(n, n)
    counted = counters(mix.transpose, out, x, tiled)
    assert torch.equal(out, x.T)
    requests = n * n // 32
    assert of(counted, *REQUESTS) == (requests, requests)
    assert of(counted, *SECTORS) == (4 * requests, (4 if tiled else 32) * requests)
    assert counted["excess"] == (0 if tiled else 28 * requests)


def test_an_atomic_add_is_one_request_of_its_own_kind_also_on_floats(mix: Any) -> None:
    n = 1000
    x = torch.arange(n, dtype=torch.int32) % 8
    counts, total = torch.zeros(8, dtype=torch.int32), torch.zeros(1)
    counted = counters(mix.histogram, counts, total, x)
    assert torch.equal(counts, torch.bincount(x, minlength=8).int()) and total.item() == n
    assert of(counted, "requests_ld", "sectors_ld") == (32, n * 4 // 32)
    # Lanes at one address are served one after the other: 4 at each of the counts, all at total.
    assert of(counted, "requests_red:counts", "sectors_red:counts") == (32, n // 8)
    assert of(counted, "requests_red:total", "sectors_red:total") == (32, n)
    assert of(counted, "requests_red", "bytes_st") == (64, 2 * 4 * n)
    assert of(counted, *REQUESTS[1:], *SECTORS[1:]) == (0, 0)
    assert of(counted, "writes:counts", "writes") == (n // 8, n)
    assert counted["requests_ld:counts"] == counted["requests_ld:total"] == 0


@pytest.mark.parametrize("n", [1, 33, 1000])
def test_arithmetic_in_bf16_reads_and_writes_two_bytes_a_lane(mix: Any, n: int) -> None:
    x, y = torch.randn(n).bfloat16(), torch.randn(n).bfloat16()
    out = torch.empty_like(x)
    counted = counters(mix.axpby, out, x, y, 2.0, 3.0)
    torch.testing.assert_close(out, (2 * x.float() + 3 * y.float()).bfloat16())
    requests, sectors = -(-n // 32), -(-n * 2 // 32)
    for name in ("ld:x", "ld:y", "st:out"):
        assert of(counted, f"requests_{name}", f"sectors_{name}", f"bytes_{name}") == (
            requests,
            sectors,
            2 * n,
        )
    assert of(counted, *REQUESTS, "excess") == (2 * requests, requests, 0)


# which -> bytes a thread takes, accesses of how many bytes: loads a thread, stores a thread
SHAPES = {
    "a struct of 16 bytes": (0, 16, 16, 1, 1),
    "__ldg, __ldcs and __stcs": (1, 16, 16, 2, 1),
    "memcpy": (2, 16, 16, 1, 1),
    "memcpy of 128 bytes": (13, 128, 16, 8, 8),
    "half2": (3, 4, 4, 1, 1),
    "+=": (4, 4, 4, 2, 1),
    "vectors passed by value": (8, 16, 16, 2, 1),
    "a vector in a union": (9, 16, 16, 1, 1),
    "between two equal conditions": (10, 4, 4, 1, 1),
    "four floats without alignas": (11, 16, 4, 4, 4),
    "float3": (12, 12, 4, 3, 3),
    "a loop that could be a memcpy": (5, 32, 4, 8, 8),
    "a loop that could be a memset": (6, 32, 4, 0, 8),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_access_keeps_its_size(mix: Any, shape: str) -> None:
    which, each, size, loads, stores = SHAPES[shape]
    if which == 0 and host_compiler().kind == "clang":
        pytest.skip("clang splits the copy of a struct into its members")
    x = torch.ones(N)
    made = profiled(mix.run, torch.zeros(N), x, which, each).requests
    threads = 4 * N // each // 128 * 128
    assert set(made["bytes"]) == {size} and set(made["lanes"]) == {0xFFFFFFFF}
    assert (made["kind"] == LOAD).sum() == loads * threads // 32
    assert (made["kind"] == STORE).sum() == stores * threads // 32
    assert len(made) == (loads + stores) * threads // 32


def test_an_array_of_structs_of_words_touches_every_sector_once_a_member(mix: Any) -> None:
    x = torch.ones(N)
    counted = counters(mix.run, torch.zeros(N), x, 11, 16)
    assert of(counted, *REQUESTS) == (N // 32, N // 32)
    assert of(counted, *SECTORS) == (N // 32 * 16,) * 2
    assert counted["excess"] == 2 * (N // 32) * 12


def test_local_arrays_and_parameters_are_not_counted(mix: Any) -> None:
    x = torch.ones(N)
    launch = profiled(mix.run, out := torch.zeros(N), x, 7, 4)
    assert torch.equal(out, x)
    assert {launch.argument_at(number).name for number in launch.requests["argument"]} == {
        "out",
        "x",
    }
    assert (launch.requests["kind"] == STORE).sum() == N // 32


def test_device_variables_are_told_as_such_and_constants_not_at_all(mix: Any) -> None:
    made = profiled(mix.module_variables, torch.zeros(32, dtype=torch.int32)).requests
    variables = made[made["space"] == MODULE]
    assert set(variables["argument"]) == {-1} and STORE in variables["kind"]
    # `table` is constant memory, which has a cache of its own; of `board`, a load may be saved.
    assert len(variables) <= 2
    assert (made["space"] == GLOBAL).sum() == 1
