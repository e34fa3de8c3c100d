// Sums: a tree in shared memory, shuffles, two launches, one atomic a block, a warp a row.

constexpr int kThreads = 256;

int blocks_of(int64_t n, int64_t threads) { return int((n + threads - 1) / threads); }

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// The halves meet: no bank conflicts. out: a sum for each block.
__global__ void tree(float* out, const float* x, int n) {
  __shared__ float part[kThreads];
  const int i = blockIdx.x * kThreads + threadIdx.x;
  part[threadIdx.x] = i < n ? x[i] : 0.0f;
  __syncthreads();
#pragma unroll 1
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = part[0];
}

// Neighbours meet, the threads in front work: 2-, 4-, 8-way conflicts and more.
__global__ void tree_interleaved(float* out, const float* x, int n) {
  __shared__ float part[kThreads];
  const int i = blockIdx.x * kThreads + threadIdx.x;
  part[threadIdx.x] = i < n ? x[i] : 0.0f;
  __syncthreads();
#pragma unroll 1
  for (int step = 1; step < kThreads; step *= 2) {
    const int at = 2 * step * threadIdx.x;
    if (at < kThreads) part[at] += part[at + step];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = part[0];
}

// Neighbours meet, every second thread works, then every fourth: divergent warps.
__global__ void tree_divergent(float* out, const float* x, int n) {
  __shared__ float part[kThreads];
  const int i = blockIdx.x * kThreads + threadIdx.x;
  part[threadIdx.x] = i < n ? x[i] : 0.0f;
  __syncthreads();
#pragma unroll 1
  for (int step = 1; step < kThreads; step *= 2) {
    if (threadIdx.x % (2 * step) == 0) part[threadIdx.x] += part[threadIdx.x + step];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = part[0];
}

void sum_tree(Tensor out, const Tensor& x, int64_t which) {
  const int n = int(x.numel());
  const int blocks = blocks_of(n, kThreads);
  const cudaStream_t stream = current_stream();
  if (which == 0) tree<<<blocks, kThreads, 0, stream>>>(data<float>(out), data<float>(x), n);
  else if (which == 1) tree_interleaved<<<blocks, kThreads, 0, stream>>>(data<float>(out), data<float>(x), n);
  else tree_divergent<<<blocks, kThreads, 0, stream>>>(data<float>(out), data<float>(x), n);
}

__device__ float warp_sum(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

// The sum of the block, in every thread of the first warp.
__device__ float block_sum(float value) {
  __shared__ float part[kThreads / 32];
  value = warp_sum(value);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x >= 32) return 0.0f;
  return warp_sum(threadIdx.x < kThreads / 32 ? part[threadIdx.x] : 0.0f);
}

// One launch leaves a sum for each block; a second one, of a single block, adds those.
__global__ void sum_blocks(float* out, const float* x, int n) {
  float sum = 0.0f;
#pragma unroll 1
  for (int i = blockIdx.x * kThreads + threadIdx.x; i < n; i += gridDim.x * kThreads) sum += x[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

// out: [1], parts: a float for each of the first launch's blocks.
void sum_two_stages(Tensor out, Tensor parts, const Tensor& x) {
  const cudaStream_t stream = current_stream();
  const int blocks = int(parts.numel());
  sum_blocks<<<blocks, kThreads, 0, stream>>>(data<float>(parts), data<float>(x), int(x.numel()));
  sum_blocks<<<1, kThreads, 0, stream>>>(data<float>(out), data<float>(parts), blocks);
}

__global__ void sum_by_atomics(float* out, const float* x, int n) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  const float sum = block_sum(i < n ? x[i] : 0.0f);
  if (threadIdx.x == 0) atomicAdd(out, sum);
}

// out: [1], 0 before.
void sum_atomic(Tensor out, const Tensor& x) {
  const int n = int(x.numel());
  sum_by_atomics<<<blocks_of(n, kThreads), kThreads, 0, current_stream()>>>(data<float>(out), data<float>(x), n);
}

// A warp a row: 4 rows a block.
__global__ void row_sums(float* out, const float* x, int rows, int columns) {
  const int row = blockIdx.x * 4 + threadIdx.x / 32;
  if (row >= rows) return;
  float sum = 0.0f;
#pragma unroll 1
  for (int i = threadIdx.x % 32; i < columns; i += 32) sum += x[row * columns + i];
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) out[row] = sum;
}

void sum_rows(Tensor out, const Tensor& x) {
  const int rows = int(x.size(0));
  row_sums<<<blocks_of(rows, 4), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), rows, int(x.size(1)));
}

// A running sum within a warp, and the votes that go with it.
__global__ void scan(int* out, unsigned* votes, const int* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int lane = threadIdx.x % 32;
  const int mine = x[i];
  int sum = mine;
#pragma unroll
  for (int offset = 1; offset < 32; offset *= 2) {
    const int other = __shfl_up_sync(0xffffffffu, sum, offset);
    if (lane >= offset) sum += other;
  }
  out[i] = sum;
  const unsigned odd = __ballot_sync(0xffffffffu, mine % 2 != 0);
  if (lane == 0) votes[i / 32] = odd;
}

// x: int32, a multiple of 128 elements.
void scan_warps(Tensor out, Tensor votes, const Tensor& x) {
  scan<<<int(x.numel() / 128), 128, 0, current_stream()>>>(data<int>(out), data<unsigned>(votes), data<int>(x));
}
