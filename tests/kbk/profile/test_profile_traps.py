"""kbk.profile on what a source may do that is hard to count: calls, divisions, views, masks."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kbk
from kbk.profiler import metrics
from kbk.profiler.launch import ProfiledLaunch

SOURCE = r"""
template <class T>
__device__ T poly(const T* x, int i) {
  T s = T(0);
#pragma unroll 1
  for (int k = 0; k < 3; ++k) s += x[i + k * 32] * (s + 1);
  s = s * s + x[i];
  s = s * s * s + 2 * s;
  if (s > T(100)) s = s * 3 + x[i + 64] * s;
  else s = s + x[i + 96] * s * s;
  return s;
}
// A helper that is called twice, by some of the lanes each time.
__global__ void called_twice(float* out, const float* x) {
  const int i = threadIdx.x;
  float y = 0.0f;
  if (i & 1) y = poly<float>(x, i);
  out[i] = y;
  if (i & 2) y += poly<float>(x, i);
  out[i + 32] = y;
}

__global__ void divided(float* out, const float* x, int n) {
  const int i = threadIdx.x;
  float a = x[i], b = a;
  a /= n;                    // 1
  b /= 1.0f + expf(-b);      // 2
  float c = a;
  c /= i > 3 ? b : a + 1.0f;  // 1
  float d;
  c /= d = 3.5f;             // 1
  out[i] = a + b + c + d;
}

static __device__ __attribute__((noinline)) float helper(const float* x, int i) {
  return x[i] * 2.0f;
}
__global__ void calls_static(float* out, const float* x) {
  out[threadIdx.x] = helper(x, threadIdx.x);
}

__global__ void by_tile(float* out, const float* x) {
  float v = x[threadIdx.x];
  const unsigned mask = 0xffu << (threadIdx.x & 24);
  for (int step = 4; step > 0; step /= 2) v += __shfl_xor_sync(mask, v, step);
  out[threadIdx.x] = v;
}

__global__ void windows(float* out, const float* x) {  // x: overlapping windows of 3
  float s = 0.0f;
  for (int k = 0; k < 3; ++k) s += x[threadIdx.x + k];
  out[threadIdx.x] = s;
}

__global__ void increment(float* out, const float* x) { out[threadIdx.x] = x[threadIdx.x] + 1.0f; }

#define F(t) (t).mutable_data_ptr<float>()
#define C(t) (t).const_data_ptr<float>()
void run_called_twice(Tensor out, const Tensor& x) {
  called_twice<<<1, 32, 0, current_stream()>>>(F(out), C(x));
}
void run_calls_static(Tensor out, const Tensor& x) {
  calls_static<<<1, 32, 0, current_stream()>>>(F(out), C(x));
}
void run_by_tile(Tensor out, const Tensor& x) {
  by_tile<<<1, 32, 0, current_stream()>>>(F(out), C(x));
}
void run_windows(Tensor out, const Tensor& x) {
  windows<<<1, 32, 0, current_stream()>>>(F(out), C(x));
}
void run_increment(Tensor out, const Tensor& x) {
  increment<<<1, 32, 0, current_stream()>>>(F(out), C(x));
}
void run_divided(Tensor out, const Tensor& x, int64_t n) {
  divided<<<1, 32, 0, current_stream()>>>(F(out), C(x), int(n));
}
"""
NAMES = ("called_twice", "calls_static", "by_tile", "windows", "increment", "divided")

OWN_DIVISION = r"""
namespace mine {
__device__ float2 operator/(float2 a, float b) { return make_float2(a.x / b, a.y / b); }
__global__ void halves(float2* out, const float2* x) { out[threadIdx.x] = x[threadIdx.x] / 2.5f; }
}
void run(Tensor out, const Tensor& x) {
  mine::halves<<<1, 32, 0, current_stream()>>>(
      reinterpret_cast<float2*>(out.mutable_data_ptr<float>()),
      reinterpret_cast<const float2*>(x.const_data_ptr<float>()));
}
"""


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("traps", cuda_sources=SOURCE, functions=[f"run_{n}" for n in NAMES])


def profiled(ops: Any, name: str, *values: Any, **options: int) -> ProfiledLaunch:
    with kbk.profile(**options) as p:
        getattr(ops, f"run_{name}")(*values)
    return p.launches[0]


def test_lanes_meet_again_behind_a_call_that_some_of_them_make(ops: Any) -> None:
    x = torch.full((128,), 0.01)
    launch = profiled(ops, "called_twice", torch.empty(64), x)
    assert launch.metrics[metrics.REQUESTS_ST] == 2
    assert launch.metrics[metrics.SECTORS_ST] == 8
    assert launch.metrics[metrics.REQUESTS_LD] == 2 * 5


def test_every_division_by_a_compound_divisor_counts_once(ops: Any) -> None:
    out, x = torch.empty(32), torch.rand(32)
    launch = profiled(ops, "divided", out, x, 7)
    assert launch.metrics["kbk__special_functions"] == 5 * 32
    plain = torch.empty(32)
    ops.run_divided(plain, x, 7)
    assert torch.equal(out, plain)


def test_a_source_with_a_division_of_its_own_is_profiled_and_sanitized() -> None:
    module = kbk.load_inline("own_division", cuda_sources=OWN_DIVISION, functions=["run"])
    out, x = torch.empty(64), torch.rand(64)
    with kbk.profile() as p:
        module.run(out, x)
    assert torch.equal(out, x / 2.5) and p.launches[0].metrics[metrics.REQUESTS_LD] == 1
    with kbk.sanitize():
        module.run(out, x)


def test_lines_of_a_static_function_are_found(ops: Any) -> None:
    launch = profiled(ops, "calls_static", torch.empty(32), torch.rand(32))
    lines = [each for each in launch.by_line() if each.metrics[metrics.REQUESTS_LD]]
    assert len(lines) == 1 and "return x[i] * 2.0f" in lines[0].text


def test_one_shuffle_of_lanes_with_masks_of_their_own_is_one(ops: Any) -> None:
    launch = profiled(ops, "by_tile", torch.empty(32), torch.rand(32))
    assert launch.metrics["kbk__collectives.sum"] == 3


def test_a_byte_of_overlapping_windows_is_one_byte(ops: Any) -> None:
    x = torch.rand(34)
    launch = profiled(ops, "windows", torch.empty(32), x.unfold(0, 3, 1))
    of_x = launch.metrics_of("x")
    assert of_x["kbk__bytes_requested_over_distinct"] == pytest.approx(96 / 34)


def test_a_tensor_given_twice_is_asked_for_once_by_reads_and_once_by_writes(ops: Any) -> None:
    x = torch.rand(32)
    launch = profiled(ops, "increment", x, x)
    for name in ("out", "x"):
        assert launch.metrics_of(name)["kbk__bytes_requested_over_distinct"] == 1.0


def test_requests_that_nobody_wanted_are_left_out(ops: Any) -> None:
    launch = profiled(ops, "increment", torch.empty(32), torch.rand(32), most_requests=0)
    assert len(launch.requests) == 0 and launch.requests_left_out == 2


def test_a_function_of_torch_compile_is_profiled(ops: Any) -> None:
    compiled = torch.compile(lambda out, x: ops.run_increment(out, x), backend="eager")
    out, x = torch.empty(32), torch.rand(32)
    with kbk.profile() as p:
        compiled(out, x)
    assert len(p.launches) == 1 and torch.equal(out, x + 1)
