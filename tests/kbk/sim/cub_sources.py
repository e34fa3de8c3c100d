"""Reductions and scans of CUB in blocks of whole and broken warps, and a forgotten barrier."""

from __future__ import annotations

SOURCE = r"""
#include <cub/cub.cuh>
#include <cuda/functional>

struct Concat {  // associative, not commutative: a decimal number and its digits
  __device__ float2 operator()(const float2& a, const float2& b) const {
    return make_float2(a.x * b.y + b.x, a.y * b.y);
  }
};

template <int N>
__global__ void reduce(const float* in, float* out, int valid) {
  using Block = cub::BlockReduce<float, N>;
  __shared__ typename Block::TempStorage storage;
  const float x = in[threadIdx.x];
  const float sum = Block(storage).Sum(x);
  __syncthreads();
  const float largest = Block(storage).Reduce(x, cuda::maximum<>{});
  __syncthreads();
  const float smallest = Block(storage).Reduce(x, cuda::minimum<>{}, valid);
  __syncthreads();
  float two[2] = {x, 2 * x};
  const float both = Block(storage).Sum(two);
  if (threadIdx.x == 0) out[0] = sum, out[1] = largest, out[2] = smallest, out[3] = both;
}

__global__ void in_order(const float* in, float* out) {
  using Block = cub::BlockReduce<float2, 40>;
  __shared__ typename Block::TempStorage storage;
  const float2 all = Block(storage).Reduce(make_float2(in[threadIdx.x], 2.0f), Concat());
  if (threadIdx.x == 0) out[0] = all.x, out[1] = all.y;
}

template <int N>
__global__ void scan(const int* in, int* out) {
  using Block = cub::BlockScan<int, N>;
  __shared__ typename Block::TempStorage storage;
  const int x = in[threadIdx.x];
  int inclusive, exclusive, total, running[2], largest;
  Block(storage).InclusiveSum(x, inclusive);
  __syncthreads();
  Block(storage).ExclusiveSum(x, exclusive, total);
  __syncthreads();
  running[0] = x, running[1] = 1;
  Block(storage).ExclusiveSum(running, running);
  __syncthreads();
  Block(storage).ExclusiveScan(x, largest, -7, cuda::maximum<>{});
  int* mine = out + 6 * threadIdx.x;
  mine[0] = inclusive, mine[1] = exclusive, mine[2] = total;
  mine[3] = running[0], mine[4] = running[1], mine[5] = largest;
}

__global__ void warps(const int* in, int* out) {
  using Half = cub::WarpReduce<int, 16>;
  using Whole = cub::WarpReduce<int>;
  using Scan = cub::WarpScan<int>;
  __shared__ typename Half::TempStorage halves[4];
  __shared__ union { typename Whole::TempStorage reduce; typename Scan::TempStorage scan; } one;
  const int x = in[threadIdx.x];
  out[3 * threadIdx.x] = Half(halves[threadIdx.x / 16]).Sum(x);
  out[3 * threadIdx.x + 1] = Whole(one.reduce).Reduce(x, cuda::minimum<>{}, 20);
  Scan(one.scan).InclusiveSum(x, out[3 * threadIdx.x + 2]);
}

__global__ void forgotten(const float* in, float* out) {
  using Block = cub::BlockReduce<float, 64>;
  __shared__ typename Block::TempStorage storage;
  const float sum = Block(storage).Sum(in[threadIdx.x]);
  const float largest = Block(storage).Reduce(in[threadIdx.x], cuda::maximum<>{});  // no barrier
  if (threadIdx.x == 0) out[0] = sum, out[1] = largest;
}

#define FLOATS(t) static_cast<float*>((t).data_ptr())
#define INTS(t) static_cast<int*>((t).data_ptr())
void run_reduce(const Tensor& in, Tensor out, int64_t valid) {
  if (in.numel() == 96) reduce<96><<<1, 96, 0, current_stream()>>>(FLOATS(in), FLOATS(out), valid);
  if (in.numel() == 40) reduce<40><<<1, 40, 0, current_stream()>>>(FLOATS(in), FLOATS(out), valid);
}
void run_in_order(const Tensor& in, Tensor out) {
  in_order<<<1, 40, 0, current_stream()>>>(FLOATS(in), FLOATS(out));
}
void run_scan(const Tensor& in, Tensor out) {
  if (in.numel() == 96) scan<96><<<1, 96, 0, current_stream()>>>(INTS(in), INTS(out));
  if (in.numel() == 40) scan<40><<<1, 40, 0, current_stream()>>>(INTS(in), INTS(out));
}
void run_warps(const Tensor& in, Tensor out) {
  warps<<<1, 32, 0, current_stream()>>>(INTS(in), INTS(out));
}
void run_forgotten(const Tensor& in, Tensor out) {
  forgotten<<<1, 64, 0, current_stream()>>>(FLOATS(in), FLOATS(out));
}
void run_wrong_size(const Tensor& in, Tensor out) {
  reduce<96><<<1, 64, 0, current_stream()>>>(FLOATS(in), FLOATS(out), 1);
}
"""
FUNCTIONS = [
    f"run_{name}" for name in ("reduce", "in_order", "scan", "warps", "forgotten", "wrong_size")
]
