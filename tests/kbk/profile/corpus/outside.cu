// What nvcc compiles to other accesses than the source has. No equality is asked of these: they show the differences.

int blocks_of(int64_t n, int64_t threads) { return int((n + threads - 1) / threads); }

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// Two loads of one kind in two branches: one load whose address is chosen.
__global__ void either(float* out, const float* x, const float* y, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float value;
  if (i % 2 == 0) value = x[i];
  else value = y[i];
  out[i] = value;
}

void select_loads(Tensor out, const Tensor& x, const Tensor& y) {
  const int n = int(out.numel());
  either<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), data<float>(y), n);
}

// Two stores of one kind in two branches.
__global__ void either_way(float* out, float* other, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const float value = x[i];
  if (value > 0.0f) out[i] = value;
  else other[i] = value;
}

void select_stores(Tensor out, Tensor other, const Tensor& x) {
  const int n = int(out.numel());
  either_way<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(other), data<float>(x), n);
}

// A loop as one writes it: nvcc unrolls by four, and may load ahead.
__global__ void unrolled(int* out, const int* x, const int* count, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
  for (int k = 0; k < count[i]; ++k) sum += x[k * n + i];
  out[i] = sum;
}

void natural_unrolling(Tensor out, const Tensor& x, const Tensor& count) {
  const int n = int(out.numel());
  unrolled<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), data<int>(count), n);
}

// The same, with a condition in the loop.
__global__ void unrolled_condition(int* out, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
  for (int k = 0; k < 8; ++k)
    if (k >= i % 4) sum += x[k * n + i];
  out[i] = sum;
}

void unrolled_with_condition(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  unrolled_condition<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), n);
}

// A shared sum of floats: a loop of compare-and-swap, as many turns as lanes collide.
__global__ void float_bins(float* out, const float* x, const int* index, int n) {
  __shared__ float own[64];
  if (threadIdx.x < 64) own[threadIdx.x] = 0.0f;
  __syncthreads();
  const int i = threadIdx.x;
  if (i < n) atomicAdd(&own[index[i]], x[i]);
  __syncthreads();
  if (threadIdx.x < 64) out[threadIdx.x] = own[threadIdx.x];
}

// out: float [64]. At most 1,024 elements.
void shared_float_atomic(Tensor out, const Tensor& x, const Tensor& index) {
  const int n = int(x.numel());
  float_bins<<<1, blocks_of(n, 32) * 32, 0, current_stream()>>>(data<float>(out), data<float>(x), data<int>(index), n);
}

// A value that is loaded twice, though nothing was stored in between: one load.
__global__ void twice(float* out, const float* __restrict__ x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  out[i] = x[i];
  out[n + i] = x[i] * 2.0f;
}

// out: [2, n].
void loaded_twice(Tensor out, const Tensor& x) {
  const int n = int(x.numel());
  twice<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), n);
}
