"""What the simulator costs on this CPU: a thread, a barrier, a shuffle and a build.

The same kernels run on Numba's simulator too. ``make bench`` runs this as
``python -m kbk.bench.simulator``. Bars stand beside the figures; a figure over its bar is marked.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch

import kbk

SOURCE = r"""
__global__ void touch(float* x) { x[int64_t(blockIdx.x) * blockDim.x + threadIdx.x] = 1.0f; }
__global__ void barriers(int rounds) { for (int i = 0; i < rounds; ++i) __syncthreads(); }
__global__ void shuffles(float* x, int rounds) {
  float v = x[threadIdx.x];
  for (int i = 0; i < rounds; ++i) v += __shfl_xor_sync(0xffffffffu, v, 1);
  x[threadIdx.x] = v;
}
void run_touch(Tensor x) { touch<<<x.numel() / 256, 256>>>(static_cast<float*>(x.data_ptr())); }
void run_barriers(int64_t blocks, int64_t rounds, Tensor x) {
  (void)x;
  barriers<<<blocks, 256>>>(rounds);
}
void run_shuffles(int64_t blocks, int64_t rounds, Tensor x) {
  shuffles<<<blocks, 256>>>(static_cast<float*>(x.data_ptr()), rounds);
}

__global__ void copy_kernel(float* out, const float* in, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[i];
}
void copy(Tensor out, const Tensor& in) {
  const int64_t n = in.numel();
  copy_kernel<<<(n + 127) / 128, 128>>>(
      static_cast<float*>(out.data_ptr()), static_cast<const float*>(in.data_ptr()), n);
}
__global__ void block_sum_kernel(float* out, const float* in) {
  __shared__ float s[128];
  s[threadIdx.x] = in[blockIdx.x * 128 + threadIdx.x];
  __syncthreads();
  for (int step = 64; step > 0; step /= 2) {
    if (threadIdx.x < step) s[threadIdx.x] += s[threadIdx.x + step];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = s[0];
}
void block_sum(Tensor out, const Tensor& in) {
  block_sum_kernel<<<out.numel(), 128>>>(
      static_cast<float*>(out.data_ptr()), static_cast<const float*>(in.data_ptr()));
}
__global__ void matmul_kernel(float* c, const float* a, const float* b, int n) {
  __shared__ float ta[8][8], tb[8][8];
  const int row = blockIdx.y * 8 + threadIdx.y, column = blockIdx.x * 8 + threadIdx.x;
  float sum = 0.0f;
  for (int k = 0; k < n; k += 8) {
    ta[threadIdx.y][threadIdx.x] = a[row * n + k + threadIdx.x];
    tb[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + column];
    __syncthreads();
    for (int j = 0; j < 8; ++j) sum += ta[threadIdx.y][j] * tb[j][threadIdx.x];
    __syncthreads();
  }
  c[row * n + column] = sum;
}
void matmul(Tensor c, const Tensor& a, const Tensor& b) {
  const int n = a.size(0);
  matmul_kernel<<<dim3(n / 8, n / 8), dim3(8, 8)>>>(
      static_cast<float*>(c.data_ptr()), static_cast<const float*>(a.data_ptr()),
      static_cast<const float*>(b.data_ptr()), n);
}
"""
FUNCTIONS = ["run_touch", "run_barriers", "run_shuffles", "copy", "block_sum", "matmul"]

# The same three kernels for Numba's simulator, in a process of its own: it must be chosen before
# numba is imported.
NUMBA = r"""
import json, os, time
os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
import numpy as np
from numba import cuda, float32

@cuda.jit
def copy(out, x):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i < x.size:
        out[i] = x[i]

@cuda.jit
def block_sum(out, x):
    s = cuda.shared.array(128, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.blockIdx.x * 128 + t]
    cuda.syncthreads()
    step = 64
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]

@cuda.jit
def matmul(c, a, b):
    ta = cuda.shared.array((8, 8), float32)
    tb = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    row, column = cuda.blockIdx.y * 8 + y, cuda.blockIdx.x * 8 + x
    total = 0.0
    for k in range(0, a.shape[0], 8):
        ta[y, x] = a[row, k + x]
        tb[y, x] = b[k + y, column]
        cuda.syncthreads()
        for j in range(8):
            total += ta[y, j] * tb[j, x]
        cuda.syncthreads()
    c[row, column] = total

def timed(run, check):
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    assert check()
    return seconds

x = np.arange(4096, dtype=np.float32)
out = np.zeros_like(x)
sums = np.zeros(16, dtype=np.float32)
y = (x[:2048] % 7).astype(np.float32)
a = (np.arange(32 * 32) % 5).reshape(32, 32).astype(np.float32)
c = np.zeros_like(a)
print(json.dumps({
    "copy, 4,096 elements": timed(lambda: copy[32, 128](out, x), lambda: (out == x).all()),
    "block sum, 16 x 128": timed(
        lambda: block_sum[16, 128](sums, y), lambda: (sums == y.reshape(16, 128).sum(1)).all()
    ),
    "tiled matmul, 32 x 32": timed(
        lambda: matmul[(4, 4), (8, 8)](c, a, a), lambda: (c == a @ a).all()
    ),
}))
"""


@dataclass(frozen=True)
class Line:
    """One figure: what was measured, its value and unit, and the bar it must keep."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool:
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def text(self) -> str:
        bar = "" if self.bar is None else f"{'>=' if self.at_least else '<='} {self.bar:g}"
        digits = 3 if self.unit == "s" else 1
        mark = "" if self.kept else "OVER THE BAR"
        value = f"{self.value:>12,.{digits}f}"
        return f"{self.what:<44}{value} {self.unit:<10}{bar:<10}{mark}"


def _median(run: Any, repeats: int = 7) -> float:
    """Median seconds of the launches that ``run`` makes, after one warm-up.

    The simulator's own clock is read.
    """
    run()
    seconds = []
    for _ in range(repeats):
        run()
        seconds.append(kbk.sim.last_launch_seconds())
    return statistics.median(seconds)


def per_step(ops: Any) -> list[Line]:
    """Nanoseconds of one thread, one barrier and one shuffle, on one core."""
    x = torch.zeros(1 << 20)
    with kbk.sim.settings(threads=1):
        thread = _median(lambda: ops.run_touch(x)) / x.numel()
        barrier = _median(lambda: ops.run_barriers(50, 100, x)) / (50 * 256 * 100)
        shuffle = _median(lambda: ops.run_shuffles(50, 100, x)) / (50 * 256 * 100)
    return [
        Line("thread (one store)", thread * 1e9, "ns", 60),
        Line("barrier at 256 threads, a thread", barrier * 1e9, "ns", 25),
        Line("shuffle, a lane", shuffle * 1e9, "ns", 100),
    ]


def against_numba(ops: Any) -> list[Line]:
    """The same kernels on the same sizes: Numba's CUDA simulator over ours."""
    environment = dict(os.environ, NUMBA_ENABLE_CUDASIM="1")
    done = subprocess.run(
        [sys.executable, "-c", NUMBA], env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        print("numba: not measured:", (done.stderr.strip().splitlines() or ["?"])[-1])
        return []
    theirs = json.loads(done.stdout)
    x = torch.arange(4096).float()
    out = torch.empty_like(x)
    sums = torch.empty(16)
    y = x[:2048] % 7
    a = (torch.arange(32 * 32) % 5).float().view(32, 32)
    c = torch.empty_like(a)
    with kbk.sim.settings(threads=1):
        ours = [
            _median(lambda: ops.copy(out, x)),
            _median(lambda: ops.block_sum(sums, y)),
            _median(lambda: ops.matmul(c, a, a)),
        ]
    assert (
        torch.equal(out, x) and torch.equal(sums, y.view(16, 128).sum(1)) and torch.equal(c, a @ a)
    )
    lines = []
    for (what, seconds), mine in zip(theirs.items(), ours, strict=True):
        lines.append(Line(f"{what}: Numba", seconds * 1e6, "us"))
        lines.append(Line(f"{what}: ours", mine * 1e6, "us"))
        lines.append(Line(f"{what}: Numba / ours", seconds / mine, "x", 1000, at_least=True))
    return lines


def builds() -> list[Line]:
    """Seconds until a changed and an unchanged source can run."""
    lines = []
    for what, source, bar in (
        (
            "changed source, one dtype",
            "template <class T> __global__ void k(T* x) { x[threadIdx.x] = T(%d); }\n"
            "void run(Tensor x) { k<<<1, 32>>>(static_cast<float*>(x.data_ptr())); }",
            1.2,
        ),
        (
            "changed source, three dtypes",
            "template <class T> __global__ void k(T* x) { x[threadIdx.x] = T(%d.0f); }\n"
            "void run(Tensor x) { k<<<1, 32>>>(static_cast<float*>(x.data_ptr())); "
            "k<<<1, 32>>>(static_cast<__half*>(x.data_ptr())); "
            "k<<<1, 32>>>(static_cast<__nv_bfloat16*>(x.data_ptr())); }",
            2.0,
        ),
    ):
        seconds = []
        for _ in range(5):
            text = source % (time.time_ns() % 10**6) + f"// {time.time_ns()}"
            start = time.perf_counter()
            kbk.load_inline("bench_build", cuda_sources=text, functions=["run"])
            seconds.append(time.perf_counter() - start)
        lines.append(Line(what, statistics.median(seconds), "s", bar))
    start = time.perf_counter()
    kbk.load_inline("bench_build", cuda_sources=text, functions=["run"])
    lines.append(Line("unchanged source", time.perf_counter() - start, "s", 0.1))
    return lines


def main() -> int:
    ops = kbk.load_inline("bench_simulator", cuda_sources=SOURCE, functions=FUNCTIONS)
    lines = [*per_step(ops), *against_numba(ops), *builds()]
    print(f"{'simulator, one core of this CPU':<44}{'measured':>12} {'':<10}{'bar':<10}")
    for line in lines:
        print(line.text())
    return 0 if all(line.kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
