"""What a recording holds, and where it ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from traced_sources import COPY

import kbk
from kbk import sim
from kbk.errors import ArgumentError, CompileError, LaunchError
from kbk.sim import trace
from kbk.sim.faults import locate
from kbk.sim.trace import counting
from kbk.sim.trace.log import READ, WRITE


@pytest.fixture(scope="module")
def copy() -> Any:
    return trace.load("copy", COPY, ["copy_one_per_thread", "copy_own_chunk"])


def test_an_access_says_address_size_kind_thread_block_and_place(copy: Any) -> None:
    n = 1000
    x, out = torch.randn(n), torch.empty(n)
    with trace.record() as log:
        copy.copy_one_per_thread(out, x)
        copy.copy_own_chunk(out, x)
    first, second = log.launches
    assert (first.kernel, first.grid, first.block) == ("one_per_thread", (4, 1, 1), (256, 1, 1))
    assert second.kernel == "own_chunk" and len(second.accesses) == 2 * n
    made = first.accesses
    for access, tensor in ((READ, x), (WRITE, out)):
        mine = made[made["access"] == access]
        index = mine["block"].astype(np.int64) * 256 + mine["thread"]
        assert np.array_equal(np.sort(index), np.arange(n))
        assert np.array_equal(mine["address"], tensor.data_ptr() + 4 * index)
        assert len(set(mine["pc"])) == 1
        file, line = locate(first.library, first.code + int(mine["pc"][0]) - 1)
        assert file == "copy.cu"
        assert line and "out[i] = x[i]" in COPY.splitlines()[line - 1]


def test_calls_outside_a_recording_and_host_code_tell_nothing(copy: Any) -> None:
    x, out = torch.randn(64), torch.empty(64)
    copy.copy_one_per_thread(out, x)
    with trace.record() as log:
        pass
    assert log.launches == [] and log.counters({"x": x})["requests_ld:x"] == 0
    host = trace.load("host", "void f(Tensor out) { *out.mutable_data_ptr<float>() = 7; }", ["f"])
    with trace.record() as log:
        host.f(out)
    assert out[0] == 7 and log.launches == []


def test_a_launch_of_too_many_accesses_is_ended_and_the_next_recording_works(copy: Any) -> None:
    x, out = torch.randn(4096), torch.empty(4096)
    with (
        pytest.raises(LaunchError, match="more than 1000 accesses to global memory"),
        trace.record(most=1000),
    ):
        copy.copy_one_per_thread(out, x)
    with trace.record() as log:
        copy.copy_one_per_thread(out, x)
    assert log.counters()["requests_ld"] == 128


def test_one_recording_at_a_time(copy: Any) -> None:
    with trace.record(), pytest.raises(ArgumentError, match="another recording"), trace.record():
        pass


def test_a_write_256_bytes_beside_a_tensor_is_ended_in_a_traced_launch_too() -> None:
    source = """
    __global__ void beside_k(float* out, int n) { out[threadIdx.x + n + 64] = 1; }
    void beside(Tensor out) { beside_k<<<1, 32>>>(out.mutable_data_ptr<float>(), out.numel()); }
    """
    module = trace.load("beside", source, ["beside"])
    with pytest.raises(LaunchError, match="out of bounds") as caught, trace.record():
        module.beside(torch.zeros(64))
    assert caught.value.kind == "out-of-bounds" and caught.value.line == 2


def test_shuffled_threads_and_blocks_count_the_same(copy: Any) -> None:
    x, out = torch.randn(5000), torch.empty(5000)

    def counted() -> dict[str, int]:
        with trace.record() as log:
            copy.copy_own_chunk(out, x)
        return log.counters({"x": x, "out": out})

    in_order = counted()
    with sim.settings(seed=3):
        assert counted() == in_order
    with sim.settings(threads=2):
        assert counted() == in_order


def test_parts_of_a_log_add_up_to_the_whole(copy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, out = torch.randn(5000), torch.empty(5000)
    with trace.record() as log:
        copy.copy_own_chunk(out, x)
    whole = log.counters({"x": x, "out": out})
    for at_once in (1, 700, 5000):
        monkeypatch.setattr(counting, "_AT_ONCE", at_once)
        assert log.counters({"x": x, "out": out}) == whole


def test_overlapping_bytes_of_a_request_count_once() -> None:
    source = """
    __global__ void same_k(float* out, const float* x) {
      out[threadIdx.x] = x[threadIdx.x / 16 * 100];
    }
    void same(Tensor out, const Tensor& x) {
      same_k<<<1, 32>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
    }
    """
    module = trace.load("same", source, ["same"])
    x, out = torch.randn(128), torch.empty(32)
    with trace.record() as log:
        module.same(out, x)
    counted = log.counters({"x": x})
    # Two sectors for eight bytes: one would do.
    assert counted["sectors_ld:x"] == 2 and counted["excess_sectors:x"] == 1
    assert counted["bytes_ld:x"] == 128


def test_a_traced_and_a_plain_module_of_one_source_live_side_by_side(copy: Any) -> None:
    plain = kbk.load_inline("copy", cuda_sources=COPY, functions=["copy_one_per_thread"])
    assert plain.namespace != copy.namespace
    x, out = torch.randn(100), torch.empty(100)
    with trace.record() as log:
        plain.copy_one_per_thread(out, x)
    assert torch.equal(out, x)
    assert [len(launch.accesses) for launch in log.launches] == [0]


def test_a_traced_module_runs_on_the_cpu_only(copy: Any) -> None:
    with pytest.raises(ArgumentError, match="CPU tensors only"):
        copy.build("cuda")


def test_a_compile_error_of_a_traced_source_names_the_line() -> None:
    with pytest.raises(CompileError, match=r"wrong\.cu:2"):
        trace.load("wrong", "\nvoid f(Tensor out) { nothing; }", ["f"])
