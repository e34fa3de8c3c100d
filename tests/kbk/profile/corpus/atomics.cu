// Atomics: results that somebody uses and results that nobody does, on global and shared memory.

int blocks_of(int64_t n, int64_t threads) { return int((n + threads - 1) / threads); }

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// Nobody reads the result.
__global__ void count(int* bins, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(&bins[x[i]], 1);
}

void global_count(Tensor bins, const Tensor& x) {
  const int n = int(x.numel());
  count<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(bins), data<int>(x), n);
}

// The result is a place in the bin.
__global__ void place(int* out, int* bins, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = atomicAdd(&bins[x[i]], 1);
}

void global_place(Tensor out, Tensor bins, const Tensor& x) {
  const int n = int(x.numel());
  place<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(bins), data<int>(x), n);
}

// One address for all, known to be one.
__global__ void tickets(int* out, int* counter, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = atomicAdd(counter, 2);
}

void global_tickets(Tensor out, Tensor counter) {
  const int n = int(out.numel());
  tickets<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(counter), n);
}

// Every integer operation, the results unused. bins: int32, 6 rows of m.
__global__ void operations(int* bins, const int* x, int n, int m) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const int value = x[i], at = (value ^ i) & (m - 1);
  atomicAdd(bins + at, value);
  atomicSub(bins + m + at, value);
  atomicMax(bins + 2 * m + at, value);
  atomicMin(bins + 3 * m + at, value);
  atomicOr(bins + 4 * m + at, value);
  atomicXor(bins + 5 * m + at, value);
}

// m, the number of columns: a power of two.
void global_operations(Tensor bins, const Tensor& x) {
  const int n = int(x.numel());
  operations<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(bins), data<int>(x), n, int(bins.size(1)));
}

// Exchange and compare-and-swap on places of their own, results used.
__global__ void swaps(int* out, int* slots, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const int value = x[i];
  if (value & 1) out[i] = atomicExch(slots + i, value);
  else out[i] = atomicCAS(slots + i, value / 2, value) + 1;
}

void global_swaps(Tensor out, Tensor slots, const Tensor& x) {
  const int n = int(x.numel());
  swaps<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(slots), data<int>(x), n);
}

// A maximum of floats by compare-and-swap; each lane has a place of its own, so one turn is enough.
__global__ void swap_loop(unsigned* slots, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const float mine = x[i];
  unsigned seen = slots[i];
#pragma unroll 1
  while (__uint_as_float(seen) < mine) {
    const unsigned before = atomicCAS(slots + i, seen, __float_as_uint(mine));
    if (before == seen) break;
    seen = before;
  }
}

void global_swap_loop(Tensor slots, const Tensor& x) {
  const int n = int(x.numel());
  swap_loop<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<unsigned>(slots), data<float>(x), n);
}

// Sums of floats in memory, results unused.
template <typename T>
__global__ void add(T* bins, const T* x, const int* index, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(bins + index[i], x[i]);
}

template <typename T>
void launch_add(const Tensor& bins, const Tensor& x, const Tensor& index) {
  const int n = int(index.numel());
  add<T><<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<T>(bins), data<T>(x), data<int>(index), n);
}

// which: 0 float, 1 double, 2 unsigned long long, 3 half2, 4 bfloat162.
void global_add(Tensor bins, const Tensor& x, const Tensor& index, int64_t which) {
  switch (which) {
    case 0: return launch_add<float>(bins, x, index);
    case 1: return launch_add<double>(bins, x, index);
    case 2: return launch_add<unsigned long long>(bins, x, index);
    case 3: return launch_add<__half2>(bins, x, index);
    default: return launch_add<__nv_bfloat162>(bins, x, index);
  }
}

// A sum of floats whose result is used.
__global__ void add_used(float* out, float* bins, const float* x, const int* index, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = atomicAdd(bins + index[i], x[i]);
}

void global_add_used(Tensor out, Tensor bins, const Tensor& x, const Tensor& index) {
  const int n = int(x.numel());
  add_used<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(bins), data<float>(x), data<int>(index),
                                                           n);
}

// A histogram in shared memory, then one atomic a bin. Values: 0 to 255.
__global__ void block_histogram(int* bins, const int* x, int n) {
  __shared__ int own[256];
  own[threadIdx.x] = 0;
  __syncthreads();
#pragma unroll 1
  for (int i = blockIdx.x * 256 + threadIdx.x; i < n; i += gridDim.x * 256) atomicAdd(&own[x[i]], 1);
  __syncthreads();
  atomicAdd(&bins[threadIdx.x], own[threadIdx.x]);
}

void shared_histogram(Tensor bins, const Tensor& x) {
  block_histogram<<<2, 256, 0, current_stream()>>>(data<int>(bins), data<int>(x), int(x.numel()));
}

// A place within the block's bin: the result of a shared atomic is used.
__global__ void block_places(int* out, const int* x) {
  __shared__ int own[128];
  own[threadIdx.x] = 0;
  __syncthreads();
  const int i = blockIdx.x * 128 + threadIdx.x;
  out[i] = atomicAdd(&own[x[i]], 3);
}

// x: 0 to 127, whole blocks of 128.
void shared_places(Tensor out, const Tensor& x) {
  block_places<<<int(x.numel() / 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x));
}

// Largest and smallest by shared atomics on one word each, and a union of bits.
__global__ void block_extremes(int* out, const int* x) {
  __shared__ int largest, smallest;
  __shared__ unsigned bits;
  if (threadIdx.x == 0) {
    largest = -2147483647;
    smallest = 2147483647;
    bits = 0;
  }
  __syncthreads();
  const int value = x[blockIdx.x * 128 + threadIdx.x];
  atomicMax(&largest, value);
  atomicMin(&smallest, value);
  atomicOr(&bits, 1u << (value & 31));
  __syncthreads();
  if (threadIdx.x == 0) {
    out[blockIdx.x * 3] = largest;
    out[blockIdx.x * 3 + 1] = smallest;
    out[blockIdx.x * 3 + 2] = static_cast<int>(bits);
  }
}

void shared_extremes(Tensor out, const Tensor& x) {
  block_extremes<<<int(x.numel() / 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x));
}

// Compare-and-swap in shared memory: the first thread that finds its slot free takes it.
__global__ void block_swaps(int* out, const int* x) {
  __shared__ int slots[128];
  slots[threadIdx.x] = -1;
  __syncthreads();
  const int i = blockIdx.x * 128 + threadIdx.x;
  out[i] = atomicCAS(&slots[x[i]], -1, x[i]);
}

// x: 0 to 127, whole blocks of 128.
void shared_swaps(Tensor out, const Tensor& x) {
  block_swaps<<<int(x.numel() / 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x));
}
