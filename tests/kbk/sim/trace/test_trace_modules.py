"""What a traced module tells, to whom, and where that ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from traced_sources import COPY, counters, profiled

import kbk
from kbk import sim
from kbk.errors import ArgumentError, CompileError, LaunchError
from kbk.profiler import counted
from kbk.profiler.counted import LOAD, STORE
from kbk.sim import trace


@pytest.fixture(scope="module")
def copy() -> Any:
    return trace.load("copy", COPY, ["copy_one_per_thread", "copy_own_chunk"])


def test_a_request_says_addresses_size_kind_warp_block_and_place(copy: Any) -> None:
    n = 1000
    x, out = torch.randn(n), torch.empty(n)
    launch = profiled(copy.copy_one_per_thread, out, x)
    assert (launch.kernel, launch.grid, launch.block) == ("one_per_thread", (4, 1, 1), (256, 1, 1))
    for kind, tensor in ((LOAD, x), (STORE, out)):
        made = launch.requests[launch.requests["kind"] == kind]
        first = made["block"].astype(np.int64) * 256 + made["warp"] * 32
        assert np.array_equal(np.sort(first), np.arange(0, n, 32))
        for row, begin in zip(made, first, strict=True):
            count = min(n - begin, 32)
            assert row["lanes"] == (1 << int(count)) - 1 and row["bytes"] == 4
            elements = begin + np.arange(count)
            assert np.array_equal(row["address"][:count], tensor.data_ptr() + 4 * elements)
        assert len(set(made["pc"])) == 1
        ((file, line),) = launch.where(made["pc"][:1])
        assert file == "copy.cu" and "out[i] = x[i]" in COPY.splitlines()[line - 1]


def test_launches_are_told_in_order_and_only_while_somebody_counts(copy: Any) -> None:
    x, out = torch.randn(1000), torch.empty(1000)
    copy.copy_one_per_thread(out, x)
    counted.start([], 0)
    copy.copy_one_per_thread(out, x)
    copy.copy_own_chunk(out, x)
    counted.stop()
    copy.copy_own_chunk(out, x)
    assert [launch.kernel for launch in counted.take()] == ["one_per_thread", "own_chunk"]
    assert counted.take() == []


def test_host_code_tells_nothing() -> None:
    host = trace.load("host", "void f(Tensor out) { *out.mutable_data_ptr<float>() = 7; }", ["f"])
    out = torch.zeros(64)
    counted.start([], 0)
    host.f(out)
    assert out[0] == 7 and counted.take() == []


def test_a_write_256_bytes_beside_a_tensor_is_ended_in_a_traced_launch_too() -> None:
    source = """
    __global__ void beside_k(float* out, int n) { out[threadIdx.x + n + 64] = 1; }
    void beside(Tensor out) { beside_k<<<1, 32>>>(out.mutable_data_ptr<float>(), out.numel()); }
    """
    module = trace.load("beside", source, ["beside"])
    counted.start([], 0)
    with pytest.raises(LaunchError, match="out of bounds") as caught:
        module.beside(torch.zeros(64))
    assert [launch.ended for launch in counted.take()] == [True]
    assert caught.value.kind == "out-of-bounds" and caught.value.line == 2


def test_shuffled_threads_and_blocks_count_the_same(copy: Any) -> None:
    x, out = torch.randn(5000), torch.empty(5000)
    in_order = counters(copy.copy_own_chunk, out, x)
    with sim.settings(seed=3):
        assert counters(copy.copy_own_chunk, out, x) == in_order
    with sim.settings(threads=2):
        assert counters(copy.copy_own_chunk, out, x) == in_order


def test_sectors_that_lanes_share_are_no_excess() -> None:
    source = """
    __global__ void same_k(float* out, const float* x) {
      out[threadIdx.x] = x[threadIdx.x / 16 * 100];
    }
    void same(Tensor out, const Tensor& x) {
      same_k<<<1, 32>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
    }
    """
    module = trace.load("same", source, ["same"])
    counted_ = counters(module.same, torch.empty(32), torch.randn(128))
    # Nsight Compute's ideal is for lanes that each ask for other bytes: four sectors.
    assert counted_["sectors_ld:x"] == 2 and counted_["excess:x"] == 0
    assert counted_["bytes_ld:x"] == 128


def test_a_traced_and_a_plain_module_of_one_source_live_side_by_side(copy: Any) -> None:
    plain = kbk.load_inline("copy", cuda_sources=COPY, functions=["copy_one_per_thread"])
    assert plain.namespace != copy.namespace
    x, out = torch.randn(100), torch.empty(100)
    counted.start([], 0)
    plain.copy_one_per_thread(out, x)
    assert torch.equal(out, x)
    assert sum(len(launch.sums) for launch in counted.take()) == 0


def test_a_traced_module_runs_on_the_cpu_only(copy: Any) -> None:
    with pytest.raises(ArgumentError, match="CPU tensors only"):
        copy.build("cuda")


def test_a_compile_error_of_a_traced_source_names_the_line() -> None:
    with pytest.raises(CompileError, match=r"wrong\.cu:2"):
        trace.load("wrong", "\nvoid f(Tensor out) { nothing; }", ["f"])
