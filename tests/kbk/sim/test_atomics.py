"""Atomics on global and shared memory, on both machines.

Every operation and type, the result and the returned value.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kbk

# operation -> (CUDA expression, Python model of the new value)
INTEGER = {
    "Add": lambda old, v, bits: old + v,
    "Sub": lambda old, v, bits: old - v,
    "Exch": lambda old, v, bits: v,
    "Min": lambda old, v, bits: min(old, v),
    "Max": lambda old, v, bits: max(old, v),
    "And": lambda old, v, bits: old & v,
    "Or": lambda old, v, bits: old | v,
    "Xor": lambda old, v, bits: old ^ v,
    "Inc": lambda old, v, bits: 0 if old >= v else old + 1,
    "Dec": lambda old, v, bits: v if old == 0 or old > v else old - 1,
    "CAS": lambda old, v, bits: v if old == 5 else old,
}
TYPES = {
    "int": (32, True),
    "unsigned": (32, False),
    "unsigned long long": (64, False),
    "long long": (64, True),
}
LACKS = {
    "int": {"Inc", "Dec"},
    "unsigned": set(),
    "unsigned long long": {"Sub", "Inc", "Dec"},
    "long long": {"Add", "Sub", "Exch", "Inc", "Dec", "CAS"},
}
CASES = [(op, t) for t in TYPES for op in INTEGER if op not in LACKS[t]]


def kernel(number: int, op: str, kind: str, scope: str) -> str:
    arguments = "5, static_cast<T>(v)" if op == "CAS" else "static_cast<T>(v)"
    return f"""
__global__ void k{number}(int64_t* cell, int64_t* old, int64_t v) {{
  using T = {kind};
  __shared__ T shared_cell;
  if (threadIdx.x == 0) {{
    shared_cell = static_cast<T>(cell[1]);
    old[1] = static_cast<int64_t>(atomic{op}{scope}(&shared_cell, {arguments}));
    cell[1] = static_cast<int64_t>(shared_cell);
    T* global_cell = reinterpret_cast<T*>(cell);
    T value = static_cast<T>(cell[0]);
    *global_cell = value;
    old[0] = static_cast<int64_t>(atomic{op}{scope}(global_cell, {arguments}));
    value = *global_cell;
    cell[0] = static_cast<int64_t>(value);
  }}
}}
"""


def source() -> str:
    text, cases = "", ""
    for number, (op, kind) in enumerate(CASES):
        scope = ("", "_block", "_system")[number % 3]
        text += kernel(number, op, kind, scope)
        cases += f"    case {number}: k{number}<<<1, 32, 0, current_stream()>>>(c, o, v); break;\n"
    return (
        text
        + f"""
void apply(Tensor cell, Tensor old, int64_t v, int64_t which) {{
  auto* c = static_cast<int64_t*>(cell.data_ptr());
  auto* o = static_cast<int64_t*>(old.data_ptr());
  switch (which) {{
{cases}
  }}
}}

template <typename T>
__global__ void sum_kernel(T* out, const T* in, int n) {{
  __shared__ T total;
  if (threadIdx.x == 0) total = T(0.0f);
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&total, in[i]);
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(out, total);
}}
template <typename T>
__global__ void pair_kernel(T* out, const T* in, int n) {{
  for (int i = threadIdx.x; i < n; i += blockDim.x) atomicAdd(out, in[i]);
}}
void sums(Tensor out, const Tensor& in) {{
  using torch::headeronly::ScalarType;
  const int n = in.numel();
  void* o = out.data_ptr();
  const void* x = in.data_ptr();
  cudaStream_t s = current_stream();
  switch (in.scalar_type()) {{
    case ScalarType::Float:
      sum_kernel<<<3, 64, 0, s>>>(static_cast<float*>(o), static_cast<const float*>(x), n);
      break;
    case ScalarType::Double:
      sum_kernel<<<3, 64, 0, s>>>(static_cast<double*>(o), static_cast<const double*>(x), n);
      break;
    case ScalarType::Half:
      pair_kernel<<<1, 64, 0, s>>>(
          static_cast<__half2*>(o), static_cast<const __half2*>(x), n / 2);
      break;
    default:
      pair_kernel<<<1, 64, 0, s>>>(
          static_cast<__nv_bfloat162*>(o), static_cast<const __nv_bfloat162*>(x), n / 2);
  }}
}}

__global__ void histogram_kernel(int* bins, const int* values, int n, int num_bins) {{
  extern __shared__ int local[];
  for (int b = threadIdx.x; b < num_bins; b += blockDim.x) local[b] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&local[values[i]], 1);
  __syncthreads();
  for (int b = threadIdx.x; b < num_bins; b += blockDim.x) atomicAdd(&bins[b], local[b]);
}}
void histogram(Tensor bins, const Tensor& values) {{
  const int num_bins = bins.numel();
  histogram_kernel<<<7, 96, num_bins * sizeof(int), current_stream()>>>(
      static_cast<int*>(bins.data_ptr()), static_cast<const int*>(values.data_ptr()),
      values.numel(), num_bins);
}}
"""
    )


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline(
        "atomics", cuda_sources=source(), functions=["apply", "sums", "histogram"]
    )


def wrap(value: int, bits: int, signed: bool) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


@pytest.mark.parametrize(
    "which", range(len(CASES)), ids=[f"{op}-{t.replace(' ', '_')}" for op, t in CASES]
)
def test_an_atomic_changes_the_cell_and_returns_the_old_value(
    ops: Any, device: str, which: int
) -> None:
    op, kind = CASES[which]
    bits, signed = TYPES[kind]
    for before in (0, 1, 5, 7, -3, 2**31 - 1, 2**40 + 9):
        for operand in (0, 1, 5, 6, -2, 2**31 - 1):
            old, v = wrap(before, bits, signed), wrap(operand, bits, signed)
            after = wrap(INTEGER[op](old, v, bits), bits, signed)
            cell = torch.tensor([before, before], device=device)
            returned = torch.zeros(2, dtype=torch.int64, device=device)
            ops.apply(cell, returned, operand, which)
            as64 = [wrap(x, 64, True) for x in (after, old)]
            assert cell.tolist() == [as64[0]] * 2, (before, operand)
            assert returned.tolist() == [as64[1]] * 2, (before, operand)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_floating_sums_lose_nothing(ops: Any, device: str, dtype: torch.dtype) -> None:
    x = torch.randint(-64, 64, (5000,), device=device).to(dtype)
    out = torch.zeros(1, dtype=dtype, device=device)
    ops.sums(out, x)
    assert out.item() == x.sum().item()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_pairs_of_halves_add_at_once(ops: Any, device: str, dtype: torch.dtype) -> None:
    x = torch.randint(-1, 2, (200,), device=device).to(dtype)
    out = torch.zeros(2, dtype=dtype, device=device)
    ops.sums(out, x)
    assert torch.equal(out, x.view(-1, 2).sum(dim=0))


def test_a_histogram_in_shared_memory(ops: Any, device: str) -> None:
    values = torch.randint(0, 50, (10_000,), device=device).int()
    bins = torch.zeros(50, dtype=torch.int32, device=device)
    ops.histogram(bins, values)
    assert torch.equal(bins.cpu(), torch.bincount(values.cpu(), minlength=50).int())
