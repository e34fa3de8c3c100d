"""Kernels whose blocks test_replay*.py replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

TRANSPOSE = """
__global__ void transpose_k(float* out, const float* x, int rows, int cols) {
  __shared__ float tile[32][33];
  int c = blockIdx.x * 32 + threadIdx.x, r = blockIdx.y * 32 + threadIdx.y;
  for (int k = 0; k < 32; k += blockDim.y)
    if (r + k < rows && c < cols)
      tile[threadIdx.y + k][threadIdx.x] = x[(r + k) * cols + c];
  __syncthreads();
  int to_c = blockIdx.y * 32 + threadIdx.x, to_r = blockIdx.x * 32 + threadIdx.y;
  for (int k = 0; k < 32; k += blockDim.y)
    if (to_r + k < cols && to_c < rows)
      out[(to_r + k) * rows + to_c] = tile[threadIdx.x][threadIdx.y + k];
}

void transpose(Tensor out, const Tensor& x) {
  dim3 grid((x.size(1) + 31) / 32, (x.size(0) + 31) / 32), block(32, 8);
  transpose_k<<<grid, block>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
                               x.size(0), x.size(1));
}
"""

COUNT = """
// One block counts how often each bin occurs, then sums the counts from each bin to the last.
__global__ void count_k(int* out, const int* x, int n) {
  __shared__ int count[2][64];
  int t = threadIdx.x;
  if (t < 64) count[0][t] = 0;
  __syncthreads();
  for (int i = t; i < n; i += blockDim.x) atomicAdd(&count[0][x[i] & 63], 1);
  __syncthreads();
  int from = 0;
  for (int step = 1; step < 64; step *= 2) {
    if (t < 64) {
      int sum = count[from][t];
      if (t + step < 64) sum += count[from][t + step];
      count[1 - from][t] = sum;
    }
    from = 1 - from;
    __syncthreads();
  }
  if (t < 64) out[t] = count[from][t];
}

void count(Tensor out, const Tensor& x, int64_t threads) {
  count_k<<<1, threads>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>(), x.numel());
}
"""

DECODE = """
// One block updates the state of one head and multiplies it by q: state = decay * state + k v.
__global__ void decode_k(__nv_bfloat16* out, float* state, const __nv_bfloat16* q,
                         const __nv_bfloat16* k, const __nv_bfloat16* v, float decay,
                         int d, int e) {
  extern __shared__ char shared[];
  float* tile = (float*)shared;            // [d, e + 1]
  float* sums = tile + d * (e + 1);        // [e]
  __nv_bfloat16* keys = (__nv_bfloat16*)(sums + e);  // [d]
  int t = threadIdx.x;
  for (int i = t; i < d * e; i += blockDim.x) tile[i / e * (e + 1) + i % e] = state[i];
  for (int i = t; i < d; i += blockDim.x) keys[i] = k[i];
  __syncthreads();
  for (int i = t; i < d * e; i += blockDim.x) {
    int row = i / e, column = i % e;
    float now = decay * tile[row * (e + 1) + column];
    now += __bfloat162float(keys[row]) * __bfloat162float(v[column]);
    tile[row * (e + 1) + column] = now;
    state[i] = now;
  }
  __syncthreads();
  for (int column = t; column < e; column += blockDim.x) {
    float sum = 0;
    for (int row = 0; row < d; ++row)
      sum += tile[row * (e + 1) + column] * __bfloat162float(q[row]);
    sums[column] = sum;
  }
  __syncthreads();
  for (int column = t; column < e; column += blockDim.x)
    out[column] = __float2bfloat16(sums[column]);
}

__nv_bfloat16* bf(Tensor& t) { return (__nv_bfloat16*)t.mutable_data_ptr(); }
const __nv_bfloat16* bf(const Tensor& t) { return (const __nv_bfloat16*)t.const_data_ptr(); }

void decode(Tensor out, Tensor state, const Tensor& q, const Tensor& k, const Tensor& v,
            double decay, int64_t threads) {
  int d = q.numel(), e = v.numel();
  size_t bytes = (d * (e + 1) + e) * sizeof(float) + d * sizeof(__nv_bfloat16);
  cudaFuncSetAttribute(decode_k, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  decode_k<<<1, threads, bytes>>>(bf(out), state.mutable_data_ptr<float>(), bf(q), bf(k), bf(v),
                                  decay, d, e);
}
"""

SUM = """
__device__ float warp_sum(float value) {
  for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(~0u, value, step);
  return value;
}
__global__ void sum_k(float* out, const float* x, int n) {
  __shared__ float partial[8];
  float sum = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x) sum += x[i];
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0;
    sum = warp_sum(sum);
    if (threadIdx.x == 0) out[0] = sum;
  }
}

void sum(Tensor out, const Tensor& x) {
  sum_k<<<1, 128>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
"""

TICKETS = """
__device__ int served;
__global__ void tickets_k(int* out, int* top, float* total, const int* x, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    int place = atomicAdd(&top[0], 1);
    out[place] = x[i];
    atomicMax(&top[1], x[i]);
    atomicAdd(total, 0.1f * x[i]);
    atomicAdd(&served, 1);
  }
}

void tickets(Tensor out, Tensor top, Tensor total, const Tensor& x) {
  tickets_k<<<1, 64>>>(out.mutable_data_ptr<int>(), top.mutable_data_ptr<int>(),
                       total.mutable_data_ptr<float>(), x.const_data_ptr<int>(), x.numel());
}
"""

FORGOTTEN = """
// The barrier between writing and reading is missing, and half of the tile is never written.
__global__ void forgotten_k(float4* out, const float4* x) {
  __shared__ float4 tile[64];
  if (threadIdx.x < 32) tile[threadIdx.x] = x[threadIdx.x];
  out[threadIdx.x] = tile[63 - threadIdx.x];
}

void forgotten(Tensor out, const Tensor& x) {
  forgotten_k<<<1, 64>>>((float4*)out.mutable_data_ptr<float>(),
                         (const float4*)x.const_data_ptr<float>());
}
"""

CARRIED = """
// A value crosses the barrier in a register.
__global__ void carried_k(float* out, const float* x) {
  float mine = x[threadIdx.x];
  __syncthreads();
  out[blockDim.x - 1 - threadIdx.x] = mine;
}

void carried(Tensor out, const Tensor& x) {
  carried_k<<<1, 64>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
"""

VOTE = """
// It touches no memory.
__global__ void vote_k(int n) {
  if (__ballot_sync(~0u, threadIdx.x < n) == 0) __trap();
}

void vote(Tensor out) { vote_k<<<1, 32>>>(out.numel()); }
"""


@dataclass(frozen=True)
class Program:
    """A source, its op, and arguments of a call.

    Attributes:
        name: of the op and of the file.
        source: CUDA C++.
        arguments: a function that makes them anew, by name; numbers have names, too.
    """

    name: str
    source: str
    arguments: Callable[[], dict[str, Any]]


def _decode(d: int, e: int, threads: int) -> Callable[[], dict[str, Any]]:
    def arguments() -> dict[str, Any]:
        torch.manual_seed(5)
        q, k, v = (torch.randn(n).bfloat16() for n in (d, d, e))
        out = torch.empty(e).bfloat16()
        state = torch.randn(d, e)
        return {
            "out": out, "state": state, "q": q, "k": k, "v": v, "decay": 0.9, "threads": threads
        }  # fmt: skip

    return arguments


def _count(n: int, threads: int) -> Callable[[], dict[str, Any]]:
    def arguments() -> dict[str, Any]:
        torch.manual_seed(8)
        x = (torch.randn(n) * 9 + 32).to(torch.int32)
        return {"out": torch.empty(64, dtype=torch.int32), "x": x, "threads": threads}

    return arguments


def _transpose() -> dict[str, Any]:
    torch.manual_seed(1)
    return {"out": torch.empty(45, 40), "x": torch.randn(40, 45)}


def _sum() -> dict[str, Any]:
    torch.manual_seed(2)
    return {"out": torch.empty(1), "x": torch.randn(300)}


def _tickets() -> dict[str, Any]:
    torch.manual_seed(3)
    x = torch.randint(0, 99, (150,), dtype=torch.int32)
    out, top = torch.empty(150, dtype=torch.int32), torch.zeros(2, dtype=torch.int32)
    return {"out": out, "top": top, "total": torch.zeros(1), "x": x}


def _forgotten() -> dict[str, Any]:
    return {"out": torch.empty(64, 4), "x": torch.randn(64, 4)}


def _carried() -> dict[str, Any]:
    torch.manual_seed(4)
    return {"out": torch.empty(64), "x": torch.randn(64)}


PROGRAMS = {
    "transpose": Program("transpose", TRANSPOSE, _transpose),
    "count": Program("count", COUNT, _count(200, 96)),
    "decode": Program("decode", DECODE, _decode(16, 24, 64)),
    "sum": Program("sum", SUM, _sum),
    "tickets": Program("tickets", TICKETS, _tickets),
    "carried": Program("carried", CARRIED, _carried),
    "forgotten": Program("forgotten", FORGOTTEN, _forgotten),
}
WITHOUT_MEMORY = {
    "vote": Program("vote", VOTE, lambda: {"out": torch.zeros(32)}),
}
LARGE = {
    "decode": Program("decode", DECODE, _decode(96, 96, 128)),
    "count": Program("count", COUNT, _count(4096, 1024)),
}
