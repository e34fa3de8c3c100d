"""Index variables, shared memory, barriers, early exits, constant and device variables.

Simulator and GPU agree.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

import kbk

SOURCE = r"""
struct Weights { float w[10]; int64_t shift; };

__constant__ float coefficients[4];
__device__ int visits;

__global__ void who(int* out) {
  int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  int* row = out + 6 * (block * int(blockDim.x * blockDim.y * blockDim.z) + thread);
  row[0] = blockIdx.x; row[1] = blockIdx.y; row[2] = blockIdx.z;
  row[3] = threadIdx.x; row[4] = threadIdx.y; row[5] = threadIdx.z;
}
void index_variables(Tensor out, int64_t gx, int64_t gy, int64_t gz, int64_t bx, int64_t by,
                     int64_t bz) {
  dim3 gridDim(gx, gy, gz), blockDim(bx, by, bz);  // a host variable may have the built-in's name
  who<<<gridDim, blockDim, 0, current_stream()>>>(static_cast<int*>(out.data_ptr()));
}

template <typename T, int N>
__global__ void transpose_kernel(T* out, const T* in) {
  __shared__ T tile[N][N + 1];
  tile[threadIdx.y][threadIdx.x] = in[threadIdx.y * N + threadIdx.x];
  __syncthreads();
  out[threadIdx.y * N + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}
void transpose(Tensor out, const Tensor& in) {
  transpose_kernel<float, 16><<<1, dim3(16, 16), 0, current_stream()>>>(
      static_cast<float*>(out.data_ptr()), static_cast<const float*>(in.data_ptr()));
}

__device__ float block_sum(float value, float* scratch) {
  scratch[threadIdx.x] = value;
  __syncthreads();
  for (int step = blockDim.x / 2; step > 0; step /= 2) {
    if (threadIdx.x < step) scratch[threadIdx.x] += scratch[threadIdx.x + step];
    __syncthreads();
  }
  return scratch[0];
}
__global__ void dynamic_kernel(float* out, const float* in) {
  extern __shared__ float scratch[];
  __shared__ float total, again[2];
  float sum = block_sum(in[blockIdx.x * blockDim.x + threadIdx.x], scratch);
  if (threadIdx.x == 0) { total = sum; again[1] = sum; }
  __syncthreads();
  if (threadIdx.x == blockDim.x - 1) out[blockIdx.x] = total + again[1];
}
void dynamic_shared(Tensor out, const Tensor& in, int64_t threads) {
  dynamic_kernel<<<in.numel() / threads, threads, threads * sizeof(float), current_stream()>>>(
      static_cast<float*>(out.data_ptr()), static_cast<const float*>(in.data_ptr()));
}

__global__ void early_exit(int* counts, int staying) {
  if (threadIdx.x >= staying) { atomicAdd(counts, 1); return; }
  __syncthreads();
  atomicAdd(counts + 1, 1);
  __syncthreads();
  if (threadIdx.x == 0) counts[2] = counts[1];
}
void leave(Tensor counts, int64_t threads, int64_t staying) {
  early_exit<<<1, threads, 0, current_stream()>>>(static_cast<int*>(counts.data_ptr()), staying);
}

__global__ void votes(int* out) {
  int count = __syncthreads_count(threadIdx.x % 3 == 0);
  int all = __syncthreads_and(threadIdx.x < 100);
  int none = __syncthreads_and(threadIdx.x < 99);
  int any = __syncthreads_or(threadIdx.x == 57);
  int nobody = __syncthreads_or(threadIdx.x == 1057);
  if (threadIdx.x == 71) {
    out[0] = count;
    out[1] = all != 0;
    out[2] = none != 0;
    out[3] = any != 0;
    out[4] = nobody != 0;
  }
}
void barrier_votes(Tensor out) {
  votes<<<1, 100, 0, current_stream()>>>(static_cast<int*>(out.data_ptr()));
}

__global__ void constant_kernel(float* out, Weights weights) {
  out[threadIdx.x] = coefficients[threadIdx.x % 4] + weights.w[threadIdx.x % 10] + weights.shift;
  atomicAdd(&visits, 1);
}
void constants(Tensor out, HostTensor seen) {
  const float c[4] = {1, 2, 3, 4};
  cudaMemcpyToSymbol(coefficients, c, sizeof c);
  const int zero = 0;
  cudaMemcpyToSymbol(visits, &zero, sizeof zero);
  Weights weights;
  for (int i = 0; i < 10; ++i) weights.w[i] = 10 * i;
  weights.shift = 1000;
  auto kernel = &constant_kernel;
  kernel<<<1, out.numel(), 0, current_stream()>>>(static_cast<float*>(out.data_ptr()), weights);
  cudaDeviceSynchronize();
  cudaMemcpyFromSymbol(seen.data_ptr(), visits, sizeof zero);
}
"""
FUNCTIONS = [
    "index_variables",
    "transpose",
    "dynamic_shared",
    "leave",
    "barrier_votes",
    "constants",
]


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("blocks", cuda_sources=SOURCE, functions=FUNCTIONS)


@pytest.mark.parametrize(
    ("grid", "block"), [((3, 1, 1), (5, 1, 1)), ((2, 3, 4), (3, 2, 5)), ((1, 1, 7), (1, 33, 1))]
)
def test_every_thread_has_its_own_indices_in_three_dimensions(
    ops: Any, device: str, grid: tuple[int, int, int], block: tuple[int, int, int]
) -> None:
    shape = (grid[2], grid[1], grid[0], block[2], block[1], block[0])
    out = torch.full((*shape, 6), -1, dtype=torch.int32, device=device)
    ops.index_variables(out, *grid, *block)
    bz, by, bx, tz, ty, tx = torch.meshgrid(*[torch.arange(n) for n in shape], indexing="ij")
    expected = torch.stack([bx, by, bz, tx, ty, tz], dim=-1).int()
    assert torch.equal(out.cpu(), expected)


def test_static_shared_memory_of_a_template_transposes_a_tile(ops: Any, device: str) -> None:
    x = torch.randn(16, 16, device=device)
    out = torch.empty_like(x)
    ops.transpose(out, x)
    assert torch.equal(out, x.t().contiguous())


@pytest.mark.parametrize("threads", [1, 32, 64, 256, 1024])
def test_dynamic_and_static_shared_memory_live_side_by_side(
    ops: Any, device: str, threads: int
) -> None:
    x = torch.randint(-8, 8, (5, threads), device=device).float()
    out = torch.empty(5, device=device)
    ops.dynamic_shared(out, x, threads)
    assert torch.equal(out, 2 * x.sum(dim=1))


@pytest.mark.parametrize(("threads", "staying"), [(64, 11), (256, 255), (1000, 1), (96, 96)])
def test_threads_that_returned_do_not_count_at_a_barrier(
    ops: Any, device: str, threads: int, staying: int
) -> None:
    counts = torch.zeros(3, dtype=torch.int32, device=device)
    ops.leave(counts, threads, staying)
    assert counts.tolist() == [threads - staying, staying, staying]


def test_barriers_that_count_and_vote(ops: Any, device: str) -> None:
    out = torch.full((5,), -1, dtype=torch.int32, device=device)
    ops.barrier_votes(out)
    assert out.tolist() == [34, 1, 0, 1, 0]


def test_constants_device_variables_and_structs_by_value(ops: Any, device: str) -> None:
    out = torch.empty(64, device=device)
    seen = torch.zeros(1, dtype=torch.int32)
    ops.constants(out, seen)
    i = torch.arange(64)
    assert torch.equal(out.cpu(), ((i % 4 + 1) + (i % 10) * 10 + 1000).float())
    assert seen.item() == 64


MISSING_BARRIER = SOURCE.replace("  __syncthreads();\n  out[threadIdx.y", "  out[threadIdx.y")


def test_a_missing_barrier_gives_a_wrong_number_and_seeds_change_the_order() -> None:
    assert MISSING_BARRIER != SOURCE
    racy = kbk.load_inline("blocks_racy", cuda_sources=MISSING_BARRIER, functions=["transpose"])
    x = torch.randn(16, 16)
    results = []
    for seed in (None, 1, 2, 1):
        with kbk.sim.settings(seed=seed):
            out = torch.zeros_like(x)
            racy.transpose(out, x)
        assert not torch.equal(out, x.t())
        assert out.isnan().any(), "shared memory that nobody wrote holds poison, never zeros"
        results.append(out.nan_to_num(nan=1e9))
    assert torch.equal(results[1], results[3]), "the same seed gives the same order"
    assert not torch.equal(results[1], results[2]), "another seed gives another order"


def test_plain_launches_use_several_cores_and_give_the_same_result(ops: Any) -> None:
    x = torch.randint(-8, 8, (500, 256)).float()
    outs = SimpleNamespace(one=torch.empty(500), many=torch.empty(500))
    with kbk.sim.settings(threads=1):
        ops.dynamic_shared(outs.one, x, 256)
    with kbk.sim.settings(threads=4):
        ops.dynamic_shared(outs.many, x, 256)
    assert torch.equal(outs.one, outs.many)
    assert torch.equal(outs.one, 2 * x.sum(dim=1))
