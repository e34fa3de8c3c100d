"""Kernels whose results test_explain.py asks about."""

from __future__ import annotations

ELEMENTWISE = """
__global__ void twice_k(float* out, const float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 2 * x[i];
}
__global__ void shifted_k(float* out, const float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[(i + 1) % n] = x[i];
}
__global__ void add_k(float* out, const float* x, int n) {
  int i = threadIdx.x;
  if (i < n) out[i] += x[i];
}
__global__ void halve_k(__nv_bfloat16* out, const __nv_bfloat16* x, int n) {
  int i = threadIdx.x;
  if (i < n) out[i] = __float2bfloat16(0.5f * __bfloat162float(x[i]));
}
__global__ void strided_k(float* out, const float* x, int rows, int cols, int step) {
  int i = threadIdx.x;
  if (i < rows * cols) out[i / cols * step + i % cols] = x[i];
}
__global__ void copy4_k(float4* out, const float4* x, int n) {
  if (threadIdx.x < n) out[threadIdx.x] = x[threadIdx.x];
}
struct Three { float a, b, c; };
__global__ void copy3_k(Three* out, const Three* x, int n) {
  if (threadIdx.x < n) out[threadIdx.x] = x[threadIdx.x];
}
__global__ void far_k(float* out, const float* x) {
  int far = threadIdx.x == 7 ? 100000 : 0;
  out[threadIdx.x + far] = x[threadIdx.x];
}

const float* in(const Tensor& x) { return x.const_data_ptr<float>(); }
float* to(Tensor& out) { return out.mutable_data_ptr<float>(); }

void twice(Tensor out, const Tensor& x, int64_t blocks) {
  twice_k<<<blocks, 32>>>(to(out), in(x), x.numel());
}
void shifted(Tensor out, const Tensor& x) { shifted_k<<<2, 32>>>(to(out), in(x), x.numel()); }
void add(Tensor out, const Tensor& x) { add_k<<<1, 32>>>(to(out), in(x), x.numel()); }
void add_self(Tensor x) { add_k<<<1, 32>>>(to(x), in(x), x.numel()); }
void halve(Tensor out, const Tensor& x) {
  auto* to = (__nv_bfloat16*)out.mutable_data_ptr();
  halve_k<<<1, 32>>>(to, (const __nv_bfloat16*)x.const_data_ptr(), x.numel());
}
void strided(Tensor out, const Tensor& x, int64_t step) {
  strided_k<<<1, 64>>>(to(out), in(x), x.size(0), x.size(1), step);
}
void copy4(Tensor out, const Tensor& x) {
  copy4_k<<<1, 32>>>((float4*)to(out), (const float4*)in(x), x.numel() / 4);
}
void copy3(Tensor out, const Tensor& x) {
  copy3_k<<<1, 32>>>((Three*)to(out), (const Three*)in(x), x.numel() / 3);
}
void far(Tensor out, const Tensor& x) { far_k<<<1, 32>>>(to(out), in(x)); }
void two(Tensor out, Tensor between, const Tensor& x) {
  twice_k<<<1, 32>>>(to(between), in(x), x.numel());
  shifted_k<<<1, 32>>>(to(out), in(between), x.numel());
}
"""
ELEMENTWISE_OPS = [
    "twice",
    "shifted",
    "add",
    "add_self",
    "halve",
    "strided",
    "copy4",
    "copy3",
    "far",
    "two",
]

TOGETHER = """
#define TILE 4
__global__ void transpose_k(float* out, const float* x, int rows, int cols) {
  __shared__ float tile[TILE][TILE + 1];
  int r = blockIdx.y * TILE + threadIdx.y, c = blockIdx.x * TILE + threadIdx.x;
  tile[threadIdx.y][threadIdx.x] = x[r * cols + c];
  __syncthreads();
  int to_r = blockIdx.x * TILE + threadIdx.y, to_c = blockIdx.y * TILE + threadIdx.x;
  out[to_r * rows + to_c] = tile[threadIdx.x][threadIdx.y];
}
__global__ void dynamic_k(float* out, const float* x, int n) {
  extern __shared__ float staged[];
  if (threadIdx.x < n - 1) staged[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = staged[n - 1 - threadIdx.x];
}
__global__ void chunks_k(float* out, const float* x, int per) {
  float scale = x[0];
  for (int i = threadIdx.x * per; i < (threadIdx.x + 1) * per; ++i) out[i] = scale * x[i];
}
__global__ void all_k(float* out, const float* x, int n) {
  if (threadIdx.x < n) out[0] = x[threadIdx.x];
}
__global__ void count_k(int* out, const int* x, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) atomicAdd(&out[x[i]], 1);
}
__global__ void sum_k(float* out, const float* x, int cols) {
  float s = 0;
  for (int c = threadIdx.x; c < cols; c += 32) s += x[blockIdx.x * cols + c];
  for (int d = 16; d > 0; d /= 2) s += __shfl_down_sync(~0u, s, d);
  if (threadIdx.x == 0) out[blockIdx.x] = s;
}
__global__ void matmul_k(float* out, const float* a, const float* b, int n) {
  int r = threadIdx.y, c = threadIdx.x;
  float s = 0;
  for (int k = 0; k < n; ++k) s += a[r * n + k] * b[k * n + c];
  out[r * n + c] = s;
}

const float* in(const Tensor& x) { return x.const_data_ptr<float>(); }
float* to(Tensor& out) { return out.mutable_data_ptr<float>(); }

void transpose(Tensor out, const Tensor& x) {
  transpose_k<<<dim3(x.size(1) / TILE, x.size(0) / TILE), dim3(TILE, TILE)>>>(to(out), in(x),
                                                                            x.size(0), x.size(1));
}
void dynamic(Tensor out, const Tensor& x) {
  dynamic_k<<<1, x.numel(), x.numel() * 4>>>(to(out), in(x), x.numel());
}
void chunks(Tensor out, const Tensor& x) { chunks_k<<<1, 4>>>(to(out), in(x), x.numel() / 4); }
void all(Tensor out, const Tensor& x) { all_k<<<1, 32>>>(to(out), in(x), x.numel()); }
void count(Tensor out, const Tensor& x) {
  count_k<<<1, 32>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>(), x.numel());
}
void sum(Tensor out, const Tensor& x) { sum_k<<<x.size(0), 32>>>(to(out), in(x), x.size(1)); }
void matmul(Tensor out, const Tensor& a, const Tensor& b) {
  matmul_k<<<1, dim3(a.size(0), a.size(0))>>>(to(out), in(a), in(b), a.size(0));
}
"""
TOGETHER_OPS = ["transpose", "dynamic", "chunks", "all", "count", "sum", "matmul"]
