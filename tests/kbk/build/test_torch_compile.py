"""Ops stand in torch.compile graphs and pass torch's own checks of custom ops."""

from __future__ import annotations

import pytest
import torch
from build_helpers import SCALE

import kbk
from kbk.errors import ArgumentError, KbkError

RETURNS = """
__global__ void twice_kernel(float* out, const float* x, int64_t n) {
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) out[i] = 2 * x[i];
}
Tensor twice(const Tensor& x, std::optional<Tensor> mask, int64_t n, bool b) {
  Tensor out = torch::stable::empty_like(x);
  twice_kernel<<<1, 32>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
  return out;
}
"""


@pytest.fixture(scope="module")
def scale() -> kbk.build.calls.Op:
    return kbk.load_inline("scale", cuda_sources=SCALE, functions=["scale"]).scale


@pytest.fixture(scope="module")
def twice() -> kbk.build.Module:
    return kbk.load_inline("twice", cuda_sources=RETURNS, functions=["twice"])


def test_a_void_op_compiles_into_one_graph(scale: kbk.build.calls.Op) -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(x)
        scale(out, x + 1, a=3.0)
        return out * 2

    x = torch.randn(100)
    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(x), step(x))


def test_an_op_of_a_module_compiles_with_a_symbolic_size(twice: kbk.build.Module) -> None:
    twice.register_fake("twice", lambda x, mask, n, b: torch.empty_like(x))

    def step(x: torch.Tensor) -> torch.Tensor:
        return twice.twice(x, None, x.shape[0], True) + 1

    compiled = torch.compile(step, fullgraph=True, backend="aot_eager", dynamic=True)
    for n in (3, 5):
        x = torch.randn(n)
        assert torch.equal(compiled(x), 2 * x + 1)


def test_opcheck_accepts_void_and_returning_ops(
    scale: kbk.build.calls.Op, twice: kbk.build.Module
) -> None:
    x = torch.randn(33)
    torch.library.opcheck(scale.overload, (torch.empty_like(x), x, 2.0))
    twice.register_fake("twice", lambda x, mask, n, b: torch.empty_like(x))
    torch.library.opcheck(twice.twice.overload, (x, None, 3, False))


def test_meta_tensors_run_nothing_and_need_a_fake_only_for_results(
    scale: kbk.build.calls.Op,
) -> None:
    x = torch.empty(4, device="meta")
    assert scale(x, x, 1.0) is None
    source = RETURNS.replace("2 * x", "2 * 1 * x")
    fresh = kbk.load_inline("twice", cuda_sources=source, functions=["twice"])
    with pytest.raises(KbkError, match="see register_fake"):
        fresh.twice(x, None, 1, True)
    fresh.register_fake("twice", lambda x, mask, n, b: torch.empty_like(x))
    assert fresh.twice(x, None, 1, True).shape == (4,)
    fresh.register_fake("twice", lambda x, mask, n, b: x.new_empty(2))
    assert fresh.twice(x, None, 1, True).shape == (2,)
    with pytest.raises(ArgumentError, match="twice has no op 'thrice'"):
        fresh.register_fake("thrice", lambda: None)
