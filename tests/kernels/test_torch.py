"""The ops behave as torch's own: checked by opcheck, compiled whole, on streams and in graphs."""

from __future__ import annotations

import pytest
import torch
from bits import random_bits

from kbk.ops import copy, copy_to_gpu_no_ce, family


def test_copy_passes_opcheck(machine):
    x = torch.randn(33, 5, device=machine)
    torch.library.opcheck(family("copy").copy.overload, (torch.empty_like(x), x))


def test_copy_to_gpu_no_ce_passes_opcheck(machine):
    values = torch.arange(72, dtype=torch.int32)
    out = torch.empty(72, dtype=torch.int32, device=machine)
    torch.library.opcheck(family("copy").copy_to_gpu_no_ce.overload, (values, out))


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_ops_compile_into_one_graph(machine, backend):
    torch._dynamo.reset()

    def step(x: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(x)
        copy(out, x + 1)
        moved = torch.empty(values.shape, dtype=torch.int32, device=x.device)
        copy_to_gpu_no_ce(values, moved)
        return out * 2 + moved.sum()

    x, values = torch.randn(100, device=machine), torch.arange(10, dtype=torch.int32)
    compiled = torch.compile(step, fullgraph=True, backend=backend)
    torch.testing.assert_close(compiled(x, values), (x + 1) * 2 + 45)
    torch.testing.assert_close(compiled(x - 1, values), x * 2 + 45)


def test_an_op_compiles_before_its_first_call(machine):
    torch._dynamo.reset()
    family.cache_clear()
    x = torch.randn(100, device=machine)
    out = torch.zeros_like(x)
    torch.compile(copy, fullgraph=True, backend="aot_eager")(out, x)
    assert torch.equal(out, x)


@pytest.mark.gpu
def test_a_copy_runs_on_the_current_stream():
    x, fresh = torch.zeros(2**20, device="cuda"), torch.randn(2**20, device="cuda")
    out = torch.zeros_like(x)
    copy(out, x)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)  # a copy on another stream would read x before it is filled
        x.copy_(fresh)
        copy(out, x)
    stream.synchronize()
    assert torch.equal(out, fresh)


@pytest.mark.gpu
def test_a_copy_is_captured_and_replayed():
    x, out = torch.zeros(1001, device="cuda"), torch.zeros(1000, device="cuda")
    copy(out, x[1:])
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        copy(out, x[1:])
    x.view(torch.uint8).copy_(random_bits(x.view(torch.uint8)))
    graph.replay()
    assert torch.equal(out.view(torch.int32), x[1:].view(torch.int32))


@pytest.mark.gpu
def test_a_copy_runs_on_the_device_of_its_tensors():
    if torch.cuda.device_count() < 2:
        pytest.skip("one GPU only")
    x = torch.randn(1000, device="cuda:1")
    out = torch.zeros_like(x)
    copy(out, x)
    assert torch.equal(out, x)
    assert torch.cuda.current_device() == 0
