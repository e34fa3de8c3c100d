"""CUDA sources whose traffic has a closed form."""

from __future__ import annotations

from pathlib import Path

import kbk
from kbk.profiler import metrics
from kbk.profiler.launch import ProfiledLaunch

COPY = (Path(__file__).resolve().parents[4] / "kernels" / "copy.cu").read_text()

MIX = r"""
template <class T>
__global__ void copy_k(T* out, const T* x, int64_t n) {
  const int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = x[i];
}
__global__ void add_bias_k(float* out, const float* x, const float* b, int rows, int cols,
                           bool swapped) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y * blockDim.y + threadIdx.y;
  const int row = swapped ? i : j, col = swapped ? j : i;
  if (row < rows && col < cols) out[row * cols + col] = x[row * cols + col] + b[col];
}
void add_bias(Tensor out, const Tensor& x, const Tensor& b, bool swapped) {
  const int rows = x.size(0), cols = x.size(1);
  const dim3 grid(((swapped ? rows : cols) + 31) / 32, ((swapped ? cols : rows) + 7) / 8);
  add_bias_k<<<grid, dim3(32, 8)>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
                                    b.const_data_ptr<float>(), rows, cols, swapped);
}

__global__ void tiled_k(float* out, const float* x, int n) {
  __shared__ float tile[32][33];
  tile[threadIdx.y][threadIdx.x] =
      x[(blockIdx.y * 32 + threadIdx.y) * n + blockIdx.x * 32 + threadIdx.x];
  __syncthreads();
  out[(blockIdx.x * 32 + threadIdx.y) * n + blockIdx.y * 32 + threadIdx.x] =
      tile[threadIdx.x][threadIdx.y];
}
__global__ void naive_k(float* out, const float* x, int n) {
  const int i = blockIdx.x * 32 + threadIdx.x, j = blockIdx.y * 32 + threadIdx.y;
  out[i * n + j] = x[j * n + i];
}
void transpose(Tensor out, const Tensor& x, bool tiled) {
  const int n = x.size(0);
  (tiled ? tiled_k : naive_k)<<<dim3(n / 32, n / 32), dim3(32, 32)>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}

__global__ void histogram_k(int* counts, float* total, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  atomicAdd(&counts[x[i]], 1);
  atomicAdd(total, 1.f);
}
void histogram(Tensor counts, Tensor total, const Tensor& x) {
  const int n = x.numel();
  histogram_k<<<(n + 255) / 256, 256>>>(counts.mutable_data_ptr<int>(),
                                        total.mutable_data_ptr<float>(),
                                        x.const_data_ptr<int>(), n);
}

template <class T>
__global__ void axpby_k(T* out, const T* x, const T* y, float a, float b, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = T(a * float(x[i]) + b * float(y[i]));
}
void axpby(Tensor out, const Tensor& x, const Tensor& y, double a, double b) {
  const int n = x.numel();
  using T = __nv_bfloat16;
  axpby_k<<<(n + 255) / 256, 256>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()),
      static_cast<const T*>(y.data_ptr()), a, b, n);
}

struct alignas(16) Pack {
  float a, b;
  __nv_bfloat16 at[4];
};
__global__ void struct_k(Pack* out, const Pack* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  Pack p = x[i];
  p.a += p.b;
  for (int k = 0; k < 4; ++k) p.at[k] = p.at[k] + p.at[k];
  out[i] = p;
}
__device__ float4 twice(float4 v) { return {2 * v.x, 2 * v.y, 2 * v.z, 2 * v.w}; }
__device__ float4 operator+(float4 a, float4 b) {
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}
__global__ void values_k(float4* out, const float4* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = twice(x[i]) + out[i];
}
union Both {
  float4 v;
  float at[4];
};
__global__ void union_k(float4* out, const float4* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  Both b;
  b.v = x[i];
  for (int k = 0; k < 4; ++k) b.at[k] *= 2;
  out[i] = b.v;
}
__global__ void hints_k(float4* out, const float4* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  float4 a = __ldg(&x[i]);
  const float4 b = __ldcs(out + i);
  a.x += b.x, a.y += b.y, a.z += b.z, a.w += b.w;
  __stcs(out + i, a);
}
__global__ void memcpy_k(float* out, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  uint4 v;
  memcpy(&v, x + 4 * i, 16);
  v.x ^= 1;
  std::memcpy(out + 4 * i, &v, sizeof v);
}
__global__ void range_k(float* out, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  float v[32];
  memcpy(v, x + 32 * i, sizeof v);
  v[0] += 1;
  memmove(out + 32 * i, v, sizeof v);
}
__global__ void pairs_k(__half2* out, const __half2* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = __hadd2(x[i], x[i]);
}
__global__ void plus_k(float* out, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] += x[i];
}
__global__ void loop_k(float* out, const float* x) {
  const int i = 8 * (blockIdx.x * blockDim.x + threadIdx.x);
  for (int k = 0; k < 8; ++k) out[i + k] = x[i + k];
}
__global__ void zero_k(float* out, const float*) {
  const int i = 8 * (blockIdx.x * blockDim.x + threadIdx.x);
  for (int k = 0; k < 8; ++k) out[i + k] = 0;
}
__global__ void local_k(float* out, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  float held[4];
  for (int k = 0; k < 4; ++k) held[(i + k) & 3] = x[i];
  volatile float* at = held;
  out[i] = at[i & 3];
}
__global__ void twice_asked_k(float* out, const float* x, float a) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  bool first = false;
  if (i < 13) first = true, a = a * a + 1;
  float v = x[i];
  if (first) v *= a;
  out[i] = v;
}
struct Four {
  float a, b, c, d;
};
__global__ void four_k(Four* out, const Four* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  Four p = x[i];
  p.a += p.b, p.c += p.d;
  out[i] = p;
}
__global__ void three_k(float3* out, const float3* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  float3 p = x[i];
  p.x += p.y, p.y += p.z, p.z *= 2;
  out[i] = p;
}
// bytes_each: what one thread takes; the sizes of x and out are multiples of 128 * bytes_each.
void run(Tensor out, const Tensor& x, int64_t which, int64_t bytes_each) {
  const int blocks = x.numel() * x.element_size() / bytes_each / 128;
  void* o = out.data_ptr();
  const void* i = x.data_ptr();
  switch (which) {
    case 0: struct_k<<<blocks, 128>>>((Pack*)o, (const Pack*)i); break;
    case 1: hints_k<<<blocks, 128>>>((float4*)o, (const float4*)i); break;
    case 2: memcpy_k<<<blocks, 128>>>((float*)o, (const float*)i); break;
    case 3: pairs_k<<<blocks, 128>>>((__half2*)o, (const __half2*)i); break;
    case 4: plus_k<<<blocks, 128>>>((float*)o, (const float*)i); break;
    case 5: loop_k<<<blocks, 128>>>((float*)o, (const float*)i); break;
    case 6: zero_k<<<blocks, 128>>>((float*)o, (const float*)i); break;
    case 8: values_k<<<blocks, 128>>>((float4*)o, (const float4*)i); break;
    case 9: union_k<<<blocks, 128>>>((float4*)o, (const float4*)i); break;
    case 10: twice_asked_k<<<blocks, 128>>>((float*)o, (const float*)i, 2); break;
    case 11: four_k<<<blocks, 128>>>((Four*)o, (const Four*)i); break;
    case 12: three_k<<<blocks, 128>>>((float3*)o, (const float3*)i); break;
    case 13: range_k<<<blocks, 128>>>((float*)o, (const float*)i); break;
    case 7: local_k<<<blocks, 128>>>((float*)o, (const float*)i); break;
  }
}

__device__ int board[32];
__constant__ int table[32];
__global__ void module_k(int* out) {
  board[threadIdx.x] = table[threadIdx.x];
  out[threadIdx.x] = board[threadIdx.x];
}
void module_variables(Tensor out) { module_k<<<1, 32>>>(out.mutable_data_ptr<int>()); }
"""
MIX_FUNCTIONS = ["add_bias", "transpose", "histogram", "axpby", "run", "module_variables"]


SHORT = {
    **{
        f"{what}_{op}": f"l1tex__t_{what}_pipe_lsu_mem_global_op_{op}.sum"
        for what in ("requests", "sectors")
        for op in ("ld", "st", "red")
    },
    "excess": metrics.SECTORS_EXCESSIVE,
    "bytes_ld": "kbk__bytes_requested_ld.sum",
    "bytes_st": "kbk__bytes_requested_st.sum",
    "writes": "kbk__writes_per_element.max",
}


def profiled(op, *arguments) -> ProfiledLaunch:
    """The only launch of one call."""
    with kbk.profile(most_records=0) as profile:
        op(*arguments)
    (launch,) = profile.launches
    return launch


def counters(op, *arguments) -> dict[str, float]:
    """The counters of one call by short names, and of each of its tensors: "sectors_ld:x"."""
    launch = profiled(op, *arguments)
    found = {short: launch.metrics[name] for short, name in SHORT.items()}
    for tensor in launch.arguments:
        of = launch.metrics_of(tensor.name)
        found |= {f"{short}:{tensor.name}": of[name] for short, name in SHORT.items()}
    return found
