"""A module whose kernels make requests of every kind, and their profiled launches."""

from __future__ import annotations

from functools import cache

import torch

import kbk
from kbk.profiler import profile
from kbk.profiler.launch import ProfiledLaunch

SOURCE = """\
// Elements of a kind, `step` apart, from the first on.
template <typename T>
__global__ void spread(T* out, const T* x, int step) {
  const int i = threadIdx.x;
  out[i] = x[i * step];
}

// A tile of 32 rows that is written by rows and read by columns.
template <typename T, int Pitch>
__global__ void columns(T* out, const T* x) {
  __shared__ T tile[32 * Pitch];
  const int i = threadIdx.x;
  for (int row = 0; row < 32; ++row)
    tile[row * Pitch + i] = x[i];
  __syncthreads();
  out[i] = tile[i * Pitch] + tile[3];
}

void spread_floats(Tensor out, const Tensor& x, int64_t threads, int64_t step) {
  spread<float><<<1, threads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), step);
}
void spread_doubles(Tensor out, const Tensor& x, int64_t threads, int64_t step) {
  spread<double><<<1, threads, 0, current_stream()>>>(
      out.mutable_data_ptr<double>(), x.const_data_ptr<double>(), step);
}
void columns_of_32(Tensor out, const Tensor& x) {
  columns<float, 32><<<1, 32, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
void columns_of_33(Tensor out, const Tensor& x) {
  columns<float, 33><<<1, 32, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
void columns_of_doubles(Tensor out, const Tensor& x) {
  columns<double, 33><<<1, 32, 0, current_stream()>>>(
      out.mutable_data_ptr<double>(), x.const_data_ptr<double>());
}
"""
NAMES = ["spread_floats", "spread_doubles", "columns_of_32", "columns_of_33", "columns_of_doubles"]


@cache
def launches() -> dict[str, ProfiledLaunch]:
    """Launches by name; all of them in one module."""
    module = kbk.load_inline("requested", cuda_sources=SOURCE, functions=NAMES)
    x, wide = torch.arange(4096.0), torch.arange(4096.0, dtype=torch.float64)
    out, wide_out = torch.empty(64), torch.empty(64, dtype=torch.float64)
    with profile() as p:
        module.spread_floats(out, x, 64, 1)
        module.spread_floats(out, x[1:], 64, 1)
        module.spread_floats(out, x, 32, 16)
        module.spread_floats(out, x, 7, 0)
        module.spread_doubles(wide_out, wide, 32, 3)
        module.columns_of_32(out, x)
        module.columns_of_33(out, x)
        module.columns_of_doubles(wide_out, wide)
    names = ("each", "shifted", "strided", "same", "doubles", "conflict", "padded", "wide")
    return dict(zip(names, p.launches, strict=True))
