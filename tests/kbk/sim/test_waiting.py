"""Threads that wait for each other: flags, locks, other blocks, the whole grid.

And threads that wait for ever.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest
import torch

import kbk

SOURCE = r"""
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
namespace cg = cooperative_groups;

__global__ void flag_kernel(volatile int* flag, int* out) {
  if (threadIdx.x == 0) { while (*flag == 0) {} out[0] = 42; }
  if (threadIdx.x == 40) { out[1] = 7; __threadfence(); *flag = 1; }
}
void flag_in_a_block(Tensor flag, Tensor out) {
  flag_kernel<<<1, 64, 0, current_stream()>>>(
      static_cast<int*>(flag.data_ptr()), static_cast<int*>(out.data_ptr()));
}

__global__ void later_block_kernel(int* flag, int* out) {
  if (blockIdx.x == 0) {
    if (threadIdx.x == 0) { while (atomicAdd(flag, 0) < int(gridDim.x) - 1) {} out[0] = 42; }
  } else if (threadIdx.x == 0) {
    atomicAdd(flag, 1);
  }
}
void flag_of_later_blocks(Tensor flag, Tensor out, int64_t blocks) {
  later_block_kernel<<<blocks, 64, 0, current_stream()>>>(
      static_cast<int*>(flag.data_ptr()), static_cast<int*>(out.data_ptr()));
}

__global__ void lock_kernel(int* lock, int* count) {
  for (bool done = false; !done;) {
    if (atomicCAS(lock, 0, 1) == 0) {
      __threadfence();
      *reinterpret_cast<volatile int*>(count) = *reinterpret_cast<volatile int*>(count) + 1;
      __threadfence();
      atomicExch(lock, 0);
      done = true;
    }
  }
}
void lock_by_cas(Tensor lock, Tensor count, int64_t blocks, int64_t threads) {
  lock_kernel<<<blocks, threads, 0, current_stream()>>>(
      static_cast<int*>(lock.data_ptr()), static_cast<int*>(count.data_ptr()));
}

__global__ void grid_kernel(int* data, int* out, int n) {
  cg::grid_group grid = cg::this_grid();
  for (int i = grid.thread_rank(); i < n; i += grid.size()) data[i] = i;
  grid.sync();
  for (int i = grid.thread_rank(); i < n; i += grid.size()) out[i] = data[n - 1 - i];
  grid.sync();
  for (int i = grid.thread_rank(); i < n; i += grid.size()) data[i] = out[n - 1 - i] + 1;
}
void grid_sync(Tensor data, Tensor out, int64_t blocks, int64_t threads, bool cooperative) {
  int* d = static_cast<int*>(data.data_ptr());
  int* o = static_cast<int*>(out.data_ptr());
  int n = data.numel();
  void* arguments[] = {&d, &o, &n};
  if (cooperative)
    cudaLaunchCooperativeKernel((void*)grid_kernel, dim3(blocks), dim3(threads), arguments, 0,
                                current_stream());
  else
    grid_kernel<<<blocks, threads, 0, current_stream()>>>(d, o, n);
}

template <int Size>
__global__ void tile_kernel(int* out) {
  auto tile = cg::tiled_partition<Size>(cg::this_thread_block());
  const int mine = threadIdx.x;
  int* row = out + 8 * threadIdx.x;
  row[0] = cg::reduce(tile, mine, cg::plus<int>());
  row[1] = cg::reduce(tile, mine, cg::greater<int>());
  row[2] = tile.shfl(mine, 1);
  row[3] = tile.meta_group_rank() * 100 + tile.thread_rank();
  row[4] = tile.ballot(tile.thread_rank() % 2 == 0);
  row[5] = tile.any(mine == 5);
  if (threadIdx.x % 3 == 1) {
    auto some = cg::coalesced_threads();
    row[6] = some.size() * 100 + some.thread_rank();
    row[7] = cg::reduce(some, mine, cg::plus<int>());
  }
  cg::this_thread_block().sync();
}
void tiles(Tensor out, int64_t size) {
  int* o = static_cast<int*>(out.data_ptr());
  const int threads = out.numel() / 8;
  if (size == 8) tile_kernel<8><<<1, threads, 0, current_stream()>>>(o);
  else if (size == 32) tile_kernel<32><<<1, threads, 0, current_stream()>>>(o);
  else tile_kernel<2><<<1, threads, 0, current_stream()>>>(o);
}
"""
ENDLESS = r"""
__global__ void no_exit(int* p) { for (;;) { if (p[0] == 12345) break; } }
__global__ void no_exit_at_barrier(int* p) { for (;;) __syncthreads(); }
__global__ void split_warp() {
  if (threadIdx.x < 10)
    __syncwarp();
  else
    __syncthreads();
}
__global__ void nobody_sets_it(volatile int* p) { while (*p == 0) {} }
__global__ void nobody_adds(int* p) { while (atomicAdd(p, 0) == 0) {} }
void run(Tensor p, int64_t which) {
  int* q = static_cast<int*>(p.data_ptr());
  if (which == 0) no_exit<<<2, 64>>>(q);
  if (which == 1) no_exit_at_barrier<<<2, 64>>>(q);
  if (which == 2) split_warp<<<2, 32>>>();
  if (which == 3) nobody_sets_it<<<2, 64>>>(q);
  if (which == 4) nobody_adds<<<2, 64>>>(q);
}
"""
FUNCTIONS = ["flag_in_a_block", "flag_of_later_blocks", "lock_by_cas", "grid_sync", "tiles"]


def ints(n: int, device: str = "cpu") -> torch.Tensor:
    return torch.zeros(n, dtype=torch.int32, device=device)


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("waiting", cuda_sources=SOURCE, functions=FUNCTIONS)


@pytest.fixture(scope="module")
def endless() -> Any:
    return kbk.load_inline("endless", cuda_sources=ENDLESS, functions=["run"])


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_spin_on_a_flag_of_the_same_block_ends(ops: Any, device: str, seed: int | None) -> None:
    with kbk.sim.settings(seed=seed):
        out = ints(2, device)
        ops.flag_in_a_block(ints(1, device), out)
        assert out.tolist() == [42, 7]


@pytest.mark.parametrize("blocks", [2, 33, 100])
def test_a_spin_on_a_flag_of_blocks_that_come_later_ends(
    ops: Any, device: str, blocks: int
) -> None:
    out = ints(1, device)
    ops.flag_of_later_blocks(ints(1, device), out, blocks)
    assert out.tolist() == [42]


def test_a_lock_lets_every_thread_in_once(ops: Any, device: str) -> None:
    count = ints(1, device)
    ops.lock_by_cas(ints(1, device), count, 5, 96)
    assert count.item() == 5 * 96


@pytest.mark.parametrize(("blocks", "threads"), [(1, 32), (16, 256), (132, 64)])
def test_a_cooperative_grid_meets_at_its_barrier(
    ops: Any, device: str, blocks: int, threads: int
) -> None:
    data, out = ints(10_000, device), ints(10_000, device)
    ops.grid_sync(data, out, blocks, threads, True)
    i = torch.arange(10_000, dtype=torch.int32)
    assert torch.equal(out.cpu(), 9_999 - i)
    assert torch.equal(data.cpu(), i + 1)


def test_a_grid_barrier_without_a_cooperative_launch_says_so(ops: Any) -> None:
    with pytest.raises(kbk.LaunchError, match="needs a cooperative launch"):
        ops.grid_sync(ints(64), ints(64), 2, 32, False)


def test_a_cooperative_grid_that_does_not_fit_is_refused(ops: Any) -> None:
    with pytest.raises(
        kbk.LaunchError, match="cooperative launch of 300 blocks; at most 264 can be resident"
    ):
        ops.grid_sync(ints(64), ints(64), 300, 1024, True)


@pytest.mark.parametrize("size", [2, 8, 32])
def test_tiles_and_coalesced_groups(ops: Any, device: str, size: int) -> None:
    out = ints(8 * 96, device)
    ops.tiles(out, size)
    rows = out.view(96, 8).tolist()
    for t, row in enumerate(rows):
        first = t // size * size
        members = range(first, first + size)
        assert row[0] == sum(members) and row[1] == max(members) and row[2] == first + 1 % size
        assert row[3] == t // size * 100 + t % size
        assert row[4] & 0xFFFFFFFF == sum(1 << r for r in range(0, size, 2))
        assert row[5] == int(5 in members)
        warp = [k for k in range(t // 32 * 32, t // 32 * 32 + 32) if k % 3 == 1]
        if t % 3 == 1:
            assert row[6] == len(warp) * 100 + warp.index(t)
            assert row[7] == sum(warp)


@pytest.mark.parametrize("which", [0, 1, 3, 4])
def test_a_kernel_that_never_ends_is_ended_and_named(
    endless: Any, exact_lines: bool, which: int
) -> None:
    kernel = ["no_exit", "no_exit_at_barrier", "", "nobody_sets_it", "nobody_adds"][which]
    start = time.monotonic()
    with kbk.sim.settings(time_limit=0.2), pytest.raises(kbk.LaunchError) as caught:
        endless.run(ints(4), which)
    assert time.monotonic() - start < 3
    assert caught.value.kind == "hang"
    assert caught.value.kernel == kernel
    assert "0.2 s" in str(caught.value)
    if exact_lines:
        assert caught.value.line == [2, 3, 0, 10, 11][which]
        assert caught.value.file == "endless.cu"


def test_a_deadlock_tells_who_waits_where(endless: Any, exact_lines: bool) -> None:
    with pytest.raises(kbk.LaunchError) as caught:
        endless.run(ints(4), 2)
    text = str(caught.value)
    assert caught.value.kind == "hang" and "deadlock" in text
    assert "10 threads from 0 to 9" in text and "__syncwarp (mask 0xffffffff) at " in text
    assert "for lanes 10, 11" in text
    assert "22 threads from 10 to 31" in text and "__syncthreads at " in text
    if exact_lines:
        assert "__syncwarp (mask 0xffffffff) at endless.cu:6" in text
        assert "__syncthreads at endless.cu:8" in text


@pytest.mark.parametrize("which", [0, 1, 4])
def test_ctrl_c_ends_a_launch_and_python_goes_on(endless: Any, which: int) -> None:
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with kbk.sim.settings(time_limit=30), pytest.raises(KeyboardInterrupt):
        endless.run(ints(4), which)
    assert time.monotonic() - start < 5
    timer.join()
    with kbk.sim.settings(time_limit=0.05), pytest.raises(kbk.LaunchError):
        endless.run(ints(4), which)  # the process and the module still work
