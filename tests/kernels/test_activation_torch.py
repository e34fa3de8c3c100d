"""The activations behave as torch's own ops: opcheck, torch.compile, streams, CUDA graphs."""

from __future__ import annotations

import pytest
import torch
from activation_oracle import OPS, made, wrong

from kbk.ops import family


@pytest.mark.parametrize("op", OPS)
def test_an_op_passes_opcheck(machine, op):
    wide = made(3, 40, dtype=torch.bfloat16, device=machine)
    for x in (wide, wide[:, :24]):
        out = x.new_empty(3, x.shape[-1] // 2)
        torch.library.opcheck(getattr(family("activation"), op).overload, (out, x))


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
@pytest.mark.parametrize("op", OPS)
def test_an_op_compiles_into_one_graph(machine, backend, op):
    torch._dynamo.reset()

    def step(x: torch.Tensor, out: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        OPS[op](x + 1, out)
        return OPS[op](x) * 2, out.sum()

    x = made(5, 48, dtype=torch.float32, device=machine)
    out = torch.zeros(5, 24, device=machine)
    twice, total = torch.compile(step, fullgraph=True, backend=backend)(x, out)
    assert wrong(op, out, x + 1) == ""
    assert wrong(op, twice / 2, x) == ""
    torch.testing.assert_close(total, out.sum())


def test_an_op_compiles_before_its_first_call(machine):
    torch._dynamo.reset()
    family.cache_clear()
    x = made(5, 48, dtype=torch.float16, device=machine)
    compiled = torch.compile(OPS["silu_and_mul"], fullgraph=True, backend="aot_eager")
    assert wrong("silu_and_mul", compiled(x), x) == ""


@pytest.mark.gpu
@pytest.mark.parametrize("op", OPS)
def test_an_op_is_captured_on_a_side_stream_and_replayed_on_another(op):
    x = made(64, 2 * 3420, dtype=torch.bfloat16, device="cuda")
    fresh = made(64, 2 * 3420, dtype=torch.bfloat16, device="cuda", seed=1)
    out = torch.zeros(64, 3420, dtype=torch.bfloat16, device="cuda")
    OPS[op](x, out)
    torch.cuda.synchronize()
    graph, side, other = torch.cuda.CUDAGraph(), torch.cuda.Stream(), torch.cuda.Stream()
    with torch.cuda.graph(graph, stream=side):
        OPS[op](x, out)
    for again in (fresh, -fresh):
        with torch.cuda.stream(other):
            torch.cuda._sleep(20_000_000)  # a launch on another stream would not wait
            x.copy_(again)
            out.fill_(torch.nan)
            graph.replay()
        other.synchronize()
        assert wrong(op, out, again) == ""


@pytest.mark.gpu
@pytest.mark.parametrize("op", OPS)
def test_an_op_runs_on_the_current_stream(op):
    x = torch.zeros(64, 4096, device="cuda")
    fresh = made(64, 4096, dtype=torch.float32, device="cuda")
    out = torch.zeros(64, 2048, device="cuda")
    OPS[op](x, out)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)
        x.copy_(fresh)
        OPS[op](x, out)
    stream.synchronize()
    assert wrong(op, out, fresh) == ""


@pytest.mark.gpu
@pytest.mark.parametrize("op", OPS)
def test_two_calls_give_the_same_bits(op):
    x = made(300, 2 * 11008, dtype=torch.bfloat16, device="cuda")
    assert torch.equal(OPS[op](x), OPS[op](x))


@pytest.mark.gpu
def test_an_op_runs_on_the_device_of_its_tensors():
    if torch.cuda.device_count() < 2:
        pytest.skip("one GPU only")
    x = made(3, 64, dtype=torch.float32, device="cuda:1")
    assert wrong("silu_and_mul", OPS["silu_and_mul"](x), x) == ""
    assert torch.cuda.current_device() == 0
