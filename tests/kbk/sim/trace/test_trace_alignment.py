"""A kernel whose accesses are counted sees its tensors where the counters see them."""

from __future__ import annotations

import pytest
import torch
from traced_sources import profiled

from kbk.sim import trace

WHERE = r"""
__global__ void where(int64_t* out, const char* x) {
  out[0] = reinterpret_cast<uintptr_t>(out) % 256;
  out[1] = reinterpret_cast<uintptr_t>(x) % 256;
}

void where_are(Tensor out, const Tensor& x) {
  where<<<1, 1>>>(out.mutable_data_ptr<int64_t>(), static_cast<const char*>(x.data_ptr()));
}
"""


@pytest.mark.parametrize("numel", [1, 31, 4096, 4097, 9999])
@pytest.mark.parametrize("first", [0, 1, 16, 33, 255])
def test_addresses_within_a_line_are_those_of_the_tensor(numel: int, first: int) -> None:
    module = trace.load("where", WHERE, ["where_are"])
    x, out = torch.zeros(numel + first, dtype=torch.uint8)[first:], torch.zeros(8).long()[3:]
    profiled(module.where_are, out, x)
    assert out[:2].tolist() == [out.data_ptr() % 256, x.data_ptr() % 256]
