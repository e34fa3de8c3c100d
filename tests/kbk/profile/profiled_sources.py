"""Kernels whose counters can be told from the source by hand."""

SOURCE = r"""
constexpr unsigned kAll = 0xffffffffu;

// Lane l makes l + 1 turns of the inner loop in the outer turn that is its own, else one.
__global__ void nested(float* out, const float* x) {
  const int lane = threadIdx.x;
  float sum = 0.0f;
#pragma unroll 1
  for (int i = 0; i < 32; ++i) {
    const int turns = i == lane ? 22 : 1;
#pragma unroll 1
    for (int j = 0; j < turns; ++j) sum += x[i * 32 + j];
  }
  out[lane] = sum;
}

// Even lanes load in even turns, odd ones in odd turns: no turn is shared.
__global__ void alternating(float* out, const float* x, int turns) {
  float sum = 0.0f;
#pragma unroll 1
  for (int i = 0; i < turns; ++i)
    if (i % 2 == int(threadIdx.x) % 2) sum += x[i * 32 + threadIdx.x];
  out[threadIdx.x] = sum;
}

__global__ void early(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  out[i] = x[i];
}

__device__ int counter;
__constant__ float weights[4];

__global__ void atomics(int* used, int* unused, int* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(&unused[i % 2], 1);
  const int old = atomicAdd(&used[0], 2);
  out[i] = old;
}

__global__ void functions(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const float v = x[i];
  float w = v / (1.0f + expf(-v));  // 2
  w = w / 2.0f + i / 3;             // a power of two, and integers: 0
  w /= v + 3.0f;                    // 1
  out[i] = w * rsqrtf(v * v + 1.0f) * weights[i % 4];  // 1
}

__global__ void collectives(float* out, const float* x) {
  float v = x[threadIdx.x];
  for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(kAll, v, step);  // 5
  __syncwarp();                                                                 // none
  if (threadIdx.x < 32) v += __popc(__ballot_sync(kAll, v > 0));                // 1, warp 0
  __syncthreads();
  out[threadIdx.x] = v;
}

__global__ void two_tensors(float* out, const float* a, const float* b, int n) {
  const int lane = threadIdx.x;
  const float* from = lane < 16 ? a : b;
  out[lane] = from[lane % 16];
  (void)n;
}

__global__ void rows(float* out, const float* x, int64_t step, int columns) {
  for (int c = threadIdx.x; c < columns; c += blockDim.x)
    out[int64_t(blockIdx.x) * columns + c] = x[int64_t(blockIdx.x) * step + c];
}

__global__ void twice(float* out, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = 1.0f;
  if (threadIdx.x == 0) out[n / 2] = 2.0f;
}

__global__ void shared_use(float* out) {
  __shared__ float tile[64];
  extern __shared__ float more[];
  tile[threadIdx.x] = threadIdx.x;
  more[threadIdx.x] = 2.0f;
  __syncthreads();
  if (blockIdx.x == 0) out[threadIdx.x] = tile[63 - threadIdx.x] + more[threadIdx.x];
  __syncthreads();
}

__global__ void endless_sum(float* out, const float* x, int turns, int meet) {
  float sum = 0.0f;
#pragma unroll 1
  for (int i = 0; i < turns; ++i) {
    sum += x[threadIdx.x];
    if (meet != 0 && i % 64 == 0) __syncthreads();
  }
  out[threadIdx.x] = sum;
}

#define F(t) (t).mutable_data_ptr<float>()
#define C(t) (t).const_data_ptr<float>()
#define I(t) (t).mutable_data_ptr<int>()

void run_nested(Tensor out, const Tensor& x) {
  nested<<<1, 32, 0, current_stream()>>>(F(out), C(x));
}
void run_alternating(Tensor out, const Tensor& x, int64_t turns) {
  alternating<<<1, 32, 0, current_stream()>>>(F(out), C(x), int(turns));
}
void run_early(Tensor out, const Tensor& x) {
  early<<<3, 64, 0, current_stream()>>>(F(out), C(x), int(x.numel()));
}
void run_atomics(Tensor used, Tensor unused, Tensor out) {
  atomics<<<2, 64, 0, current_stream()>>>(I(used), I(unused), I(out));
}
void run_functions(Tensor out, const Tensor& x) {
  functions<<<2, 64, 0, current_stream()>>>(F(out), C(x), int(x.numel()));
}
void run_collectives(Tensor out, const Tensor& x) {
  collectives<<<1, 64, 0, current_stream()>>>(F(out), C(x));
}
void run_two(Tensor out, const Tensor& a, const Tensor& b) {
  two_tensors<<<1, 32, 0, current_stream()>>>(F(out), C(a), C(b), 16);
}
void run_rows(Tensor out, const Tensor& x) {
  rows<<<x.size(0), 32, 0, current_stream()>>>(F(out), C(x), x.stride(0), int(x.size(1)));
}
void run_twice(Tensor out) {
  twice<<<1, 32, 0, current_stream()>>>(F(out), int(out.numel()));
  twice<<<1, 32, 0, current_stream()>>>(F(out), 8);
}
void run_long(Tensor out, const Tensor& x, int64_t turns, int64_t meet) {
  endless_sum<<<1, 32, 0, current_stream()>>>(F(out), C(x), int(turns), int(meet));
}
void run_shared(Tensor out) { shared_use<<<4, 64, 64 * 4, current_stream()>>>(F(out)); }
"""

FUNCTIONS = [
    "run_nested",
    "run_alternating",
    "run_early",
    "run_atomics",
    "run_functions",
    "run_collectives",
    "run_two",
    "run_rows",
    "run_twice",
    "run_long",
    "run_shared",
]
