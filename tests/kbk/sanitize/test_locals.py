"""A local without a value holds a pattern in a traced call: the result is plainly wrong."""

from __future__ import annotations

import torch

import kbk

SOURCE = r"""
__global__ void sum_up(float* out, const float* x, int n) {
  float sum;
  for (int i = threadIdx.x; i < n; i += blockDim.x) sum += x[i];
  out[threadIdx.x] = sum;
}
void sums(Tensor out, const Tensor& x) {
  sum_up<<<1, 32>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
"""


def test_a_sum_that_begins_with_nothing_is_far_from_the_sum() -> None:
    module = kbk.load_inline("locals", cuda_sources=SOURCE, functions=["sums"])
    out, x = torch.zeros(32), torch.ones(64)
    with kbk.sanitize(raise_on_error=False):
        module.sums(out, x)
    far = out.isnan() | (out.abs() > 1e9) | (out.abs() < 1e-9)
    assert far.all(), out
