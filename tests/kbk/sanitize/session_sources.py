"""Host functions and kernels for the tests of `with kbk.sanitize()`; a few of each mistake."""

from __future__ import annotations

ELEMENTS = r"""
#include <vector>

template <class T>
__global__ void add_one(T* out, const T* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i] + T(1);
}
template <class T>
__global__ void flip(T* out, const T* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[n - 1 - i];
}
__global__ void touch(float* out, int64_t at) { out[at] = 1.0f; }
__global__ void look(float* out, const float* x, int64_t at) { out[0] = x[at]; }
__global__ void all_write(float* out) { out[0] = float(threadIdx.x); }
__global__ void rows(float* out, const float* x, int64_t width, int64_t step) {
  const int64_t row = blockIdx.x, column = threadIdx.x;
  if (column < width) out[row * width + column] = x[row * step + column];
}
__global__ void logical_not(bool* out, const bool* x, int64_t n) {
  if (threadIdx.x < n) out[threadIdx.x] = !x[threadIdx.x];
}
int blocks(int64_t n) { return int((n + 63) / 64); }
const float* in(const Tensor& t) { return static_cast<const float*>(t.data_ptr()); }
float* data(const Tensor& t) { return static_cast<float*>(t.data_ptr()); }

void add(Tensor out, const Tensor& x) {
  KBK_CHECK(out.sizes().equals(x.sizes()), "out must have the shape of x");
  const int64_t n = x.numel();
  if (n == 0) return;
  switch (x.scalar_type()) {
    case ScalarType::Float: add_one<<<blocks(n), 64>>>(data(out), in(x), n); return;
    case ScalarType::Long:
      add_one<<<blocks(n), 64>>>(out.mutable_data_ptr<int64_t>(), x.const_data_ptr<int64_t>(), n);
      return;
    case ScalarType::BFloat16:
      add_one<<<blocks(n), 64>>>(static_cast<__nv_bfloat16*>(out.data_ptr()),
                                 static_cast<const __nv_bfloat16*>(x.data_ptr()), n);
      return;
    case ScalarType::Bool:
      logical_not<<<1, 1024>>>(static_cast<bool*>(out.data_ptr()),
                               static_cast<const bool*>(x.data_ptr()), n);
      return;
    default: KBK_CHECK(false, "no such dtype");
  }
}
void add_some(Tensor out, const Tensor& x, int64_t n) {
  add_one<<<blocks(n), 64>>>(data(out), in(x), n);
}
void flip_in_place(Tensor x) { flip<<<1, 64>>>(data(x), in(x), x.numel()); }
void write_at(Tensor out, int64_t at) { touch<<<1, 1>>>(data(out), at); }
void read_at(Tensor out, const Tensor& x, int64_t at) { look<<<1, 1>>>(data(out), in(x), at); }
void race(Tensor out) { all_write<<<1, 64>>>(data(out)); }
void copy_rows(Tensor out, const Tensor& x, int64_t step) {
  rows<<<x.size(0), 64>>>(data(out), in(x), x.size(1), step);
}
void maybe(Tensor out, std::optional<Tensor> x) {
  add_one<<<1, 64>>>(data(out), x ? in(*x) : in(out), out.numel());
}
void of_host(Tensor out, HostTensor x, bool kernel_reads) {
  if (kernel_reads) look<<<1, 1>>>(data(out), in(x), 1);
  else touch<<<1, 1>>>(data(out), int64_t(in(x)[0]));
}
void of_vector(Tensor out) {
  std::vector<float> values(4, 2.0f);
  look<<<1, 1>>>(data(out), values.data(), 1);
}

Tensor fresh(const Tensor& x, int64_t n) {
  Tensor out = torch::stable::empty_like(x);
  add_one<<<blocks(n), 64>>>(data(out), in(x), n);
  return out;
}
std::tuple<Tensor, Tensor> two(const Tensor& x) {
  Tensor first = torch::stable::empty_like(x);
  Tensor second = torch::stable::new_empty(x, {2 * x.numel()});
  add_one<<<blocks(x.numel()), 64>>>(data(first), in(x), x.numel());
  add_one<<<blocks(x.numel()), 64>>>(data(second) + x.numel(), in(x), x.numel());
  return {first, second};
}
"""
ELEMENTS_OPS = [
    "add",
    "add_some",
    "flip_in_place",
    "write_at",
    "read_at",
    "race",
    "copy_rows",
    "maybe",
    "of_host",
    "of_vector",
    "fresh",
    "two",
]

HOST = r"""
__global__ void add_one(float* out, const float* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i] + 1;
}
__global__ void staged(float* out, const float* x) {
  extern __shared__ float tile[];
  tile[threadIdx.x] = x[threadIdx.x];
  out[threadIdx.x] = tile[threadIdx.x];
}
__global__ void waits(float* out, const float* x, int64_t never) {
  if (threadIdx.x < 8 || never) __syncthreads();
  volatile const float* flag = x;
  while (threadIdx.x >= 8 && flag[0] == 0) {}
  out[threadIdx.x] = 1;
}
const float* in(const Tensor& t) { return static_cast<const float*>(t.data_ptr()); }
float* data(const Tensor& t) { return static_cast<float*>(t.data_ptr()); }

void through(Tensor out, const Tensor& x, float* scratch, int64_t first) {
  add_one<<<1, 64>>>(scratch, in(x), first);
  add_one<<<1, 64>>>(data(out), scratch, x.numel());
}
void scratch_empty_like(Tensor out, const Tensor& x, int64_t first) {
  Tensor scratch = torch::stable::empty_like(x);
  through(out, x, data(scratch), first);
}
void scratch_new_empty(Tensor out, const Tensor& x, int64_t first) {
  Tensor scratch = torch::stable::new_empty(x, {x.numel()});
  through(out, x, data(scratch), first);
}
void scratch_zeros(Tensor out, const Tensor& x, int64_t first) {
  Tensor scratch = torch::stable::new_zeros(x, {x.numel()});
  through(out, x, data(scratch), first);
}
void scratch_malloc(Tensor out, const Tensor& x, int64_t first, bool clear) {
  float* scratch = nullptr;
  KBK_CHECK(cudaMalloc(&scratch, x.numel() * sizeof(float)) == cudaSuccess, "no memory");
  if (clear) cudaMemset(scratch, 0, x.numel() * sizeof(float));
  through(out, x, scratch, first);
  cudaFree(scratch);
}
void scratch_kept(Tensor out, const Tensor& x) {
  static float* scratch = nullptr;
  if (scratch == nullptr) {
    KBK_CHECK(cudaMalloc(&scratch, 64 * sizeof(float)) == cudaSuccess, "no memory");
  }
  through(out, x, scratch, x.numel());
}
void scratch_grows(Tensor out, const Tensor& x) {
  for (int64_t n = 64; n < (int64_t(1) << 14); n = n * 3 / 2) {
    Tensor scratch = torch::stable::new_zeros(x, {n});
    add_one<<<(n + 63) / 64, 64>>>(data(scratch), data(scratch), n);
    add_one<<<1, 64>>>(data(out), data(scratch) + n - x.numel(), x.numel());
  }
}

void configure(Tensor out, const Tensor& x, int64_t threads, int64_t bytes) {
  staged<<<1, threads, bytes>>>(data(out), in(x));
}
void opt_in(Tensor out, const Tensor& x, int64_t bytes) {
  cudaFuncSetAttribute(staged, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));
  staged<<<1, x.numel(), x.numel() * sizeof(float)>>>(data(out), in(x));
}
void asks(Tensor out, const Tensor& x, int64_t threads) {
  staged<<<1, threads, threads * sizeof(float)>>>(data(out), in(x));
  const cudaError_t error = cudaGetLastError();
  KBK_CHECK(error == cudaSuccess, "the launch failed: ", cudaGetErrorString(error));
}
void falls_back(Tensor out, const Tensor& x, int64_t threads) {
  staged<<<1, threads, threads * sizeof(float)>>>(data(out), in(x));
  if (cudaGetLastError() == cudaSuccess) return;
  add_one<<<(x.numel() + 63) / 64, 64>>>(data(out), in(x), x.numel());
}
void hang(Tensor out, const Tensor& x) { waits<<<1, 32>>>(data(out), in(x), 0); }
"""
HOST_OPS = [
    "scratch_empty_like",
    "scratch_new_empty",
    "scratch_zeros",
    "scratch_malloc",
    "scratch_kept",
    "scratch_grows",
    "configure",
    "opt_in",
    "asks",
    "falls_back",
    "hang",
]

LOCALS_WRONG = r"""
template <class T>
__global__ void no_start(T* out, const T* x) {
  T sum;
  sum += x[0];  // @bug
  out[0] = sum;
}
__device__ float element(const float* x) {
  float held[4];
  held[0] = x[0];
  return held[0] + held[2];  // @bug
}
__global__ void called(float* out, const float* x, int64_t n) {
  if (n > 0) out[1] = element(x);
}
__global__ void alone(float* out) {
  float value;
  out[2] = value;  // @bug
}
void run(Tensor out, const Tensor& x) {
  no_start<<<1, 1>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
  called<<<1, 1>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
  alone<<<1, 1>>>(out.mutable_data_ptr<float>());
}
"""
LOCALS_RIGHT = r"""
__global__ void by_lane_zero(float* out, const float* x) {
  float value;
  if (threadIdx.x == 0) value = x[0];
  value = __shfl_sync(~0u, value, 0);
  out[threadIdx.x] = value;
}
__global__ void best_of(float* out, const float* x, int64_t n) {
  float best;
  int64_t at;
  for (int64_t i = 0; i < n; ++i)
    if (i == 0 || x[i] > best) best = x[i], at = i;
  if (n > 0) out[0] = best + at;
}
__global__ void held_back(float* out, const float* x, int64_t n) {
  float held[4];
#pragma unroll
  for (int k = 0; k < 4; ++k)
    if (k < n) held[k] = x[k];
#pragma unroll
  for (int k = 0; k < 4; ++k)
    if (k < n) out[k] = held[k];
}
void run(Tensor out, const Tensor& x) {
  by_lane_zero<<<1, 32>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
  best_of<<<1, 1>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
  held_back<<<1, 1>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
"""
