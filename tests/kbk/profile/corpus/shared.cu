// Shared memory: banks, widths, one word for many lanes, dynamic memory.

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// Loads n-way: lane l reads word l * stride. out: a word for each thread.
__global__ void conflict_load(int* out, int stride) {
  extern __shared__ int words[];
  const int n = blockDim.x * stride;
#pragma unroll 1
  for (int i = threadIdx.x; i < n; i += blockDim.x) words[i] = 3 * i + 1;
  __syncthreads();
  out[blockIdx.x * blockDim.x + threadIdx.x] = words[threadIdx.x * stride];
}

void shared_conflict_load(Tensor out, int64_t stride) {
  const int threads = 64;
  conflict_load<<<int(out.numel() / threads), threads, threads * stride * 4, current_stream()>>>(data<int>(out), int(stride));
}

// Stores n-way: lane l writes word l * stride; then everything goes out along the lanes.
__global__ void conflict_store(int* out, int stride) {
  extern __shared__ int words[];
  const int n = blockDim.x * stride;
  words[threadIdx.x * stride] = 5 * threadIdx.x + blockIdx.x;
  __syncthreads();
#pragma unroll 1
  for (int i = threadIdx.x; i < n; i += blockDim.x)
    if (i % stride == 0) out[blockIdx.x * blockDim.x + i / stride] = words[i];
}

void shared_conflict_store(Tensor out, int64_t stride) {
  const int threads = 64;
  conflict_store<<<int(out.numel() / threads), threads, threads * stride * 4, current_stream()>>>(data<int>(out), int(stride));
}

// Elements of T, written in order and read at a stride around the block's 128.
template <typename T>
__global__ void element(T* out, const T* x, int stride) {
  __shared__ T held[128];
  const int i = blockIdx.x * 128 + threadIdx.x;
  held[threadIdx.x] = x[i];
  __syncthreads();
  out[i] = held[threadIdx.x * stride % 128];
}

template <typename T>
void launch_element(const Tensor& out, const Tensor& x, int64_t stride) {
  const int blocks = int(x.numel() / int64_t(128 * sizeof(T)));
  element<T><<<blocks, 128, 0, current_stream()>>>(data<T>(out), data<T>(x), int(stride));
}

// out, x: uint8, whole blocks. which: 0 uchar, 1 half, 2 bfloat16, 3 float, 4 float2, 5 double, 6 float4, 7 int4.
void shared_element(Tensor out, const Tensor& x, int64_t which, int64_t stride) {
  switch (which) {
    case 0: return launch_element<unsigned char>(out, x, stride);
    case 1: return launch_element<__half>(out, x, stride);
    case 2: return launch_element<__nv_bfloat16>(out, x, stride);
    case 3: return launch_element<float>(out, x, stride);
    case 4: return launch_element<float2>(out, x, stride);
    case 5: return launch_element<double>(out, x, stride);
    case 6: return launch_element<float4>(out, x, stride);
    default: return launch_element<int4>(out, x, stride);
  }
}

// Stores of T at a stride, read back in order.
template <typename T>
__global__ void element_store(T* out, const T* x, int stride) {
  __shared__ T held[128];
  const int i = blockIdx.x * 128 + threadIdx.x;
  held[threadIdx.x * stride % 128] = x[i];
  __syncthreads();
  out[i] = held[threadIdx.x];
}

// stride: odd, so that each thread has an element of its own. which: 4 float2, 6 float4, else float.
void shared_element_store(Tensor out, const Tensor& x, int64_t which, int64_t stride) {
  const int64_t bytes = x.numel();
  const cudaStream_t stream = current_stream();
  if (which == 4) element_store<<<int(bytes / 1024), 128, 0, stream>>>(data<float2>(out), data<float2>(x), int(stride));
  else if (which == 6) element_store<<<int(bytes / 2048), 128, 0, stream>>>(data<float4>(out), data<float4>(x), int(stride));
  else element_store<<<int(bytes / 512), 128, 0, stream>>>(data<float>(out), data<float>(x), int(stride));
}

// Lanes share words: `lanes` of them read the same one.
__global__ void broadcast(float* out, const float* x, int lanes) {
  __shared__ float held[256];
  const int i = blockIdx.x * 256 + threadIdx.x;
  held[threadIdx.x] = x[i];
  __syncthreads();
  out[i] = held[threadIdx.x / lanes];
}

void shared_broadcast(Tensor out, const Tensor& x, int64_t lanes) {
  broadcast<<<int(x.numel() / 256), 256, 0, current_stream()>>>(data<float>(out), data<float>(x), int(lanes));
}

// A histogram a lane: column `lane` of a table of bytes, 32 banks, no atomics.
__global__ void byte_columns(int* out, const unsigned char* x, int turns) {
  __shared__ unsigned char table[16][128];
#pragma unroll 1
  for (int row = 0; row < 16; ++row) table[row][threadIdx.x] = 0;
#pragma unroll 1
  for (int k = 0; k < turns; ++k) ++table[x[k * 128 + threadIdx.x] % 16][threadIdx.x];
  __syncthreads();
  if (threadIdx.x < 16) {
    int sum = 0;
#pragma unroll 1
    for (int column = 0; column < 128; ++column) sum += table[threadIdx.x][column];
    out[threadIdx.x] = sum;
  }
}

// out: int32 [16]. x: uint8, a multiple of 128.
void shared_byte_columns(Tensor out, const Tensor& x) {
  byte_columns<<<1, 128, 0, current_stream()>>>(data<int>(out), data<unsigned char>(x), int(x.numel() / 128));
}

// Two arrays cut from dynamic memory, a stencil of three on one of them.
__global__ void stencil(float* out, const float* x, int n) {
  extern __shared__ float arena[];
  float* held = arena;
  float* weight = arena + blockDim.x + 2;
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  held[threadIdx.x + 1] = i < n ? x[i] : 0.0f;
  if (threadIdx.x == 0) held[0] = i > 0 ? x[i - 1] : 0.0f;
  if (threadIdx.x == blockDim.x - 1) held[blockDim.x + 1] = i + 1 < n ? x[i + 1] : 0.0f;
  if (threadIdx.x < 3) weight[threadIdx.x] = 1.0f + threadIdx.x;
  __syncthreads();
  if (i < n)
    out[i] = held[threadIdx.x] * weight[0] + held[threadIdx.x + 1] * weight[1] + held[threadIdx.x + 2] * weight[2];
}

void shared_stencil(Tensor out, const Tensor& x) {
  const int n = int(x.numel()), threads = 96;
  stencil<<<(n + threads - 1) / threads, threads, (threads + 5) * 4, current_stream()>>>(data<float>(out), data<float>(x), n);
}

// Tiled product of matrices of 64x64: 16x16 threads, a row of A and a column of B through shared memory.
__global__ void product(float* c, const float* a, const float* b, int n) {
  __shared__ float from_a[16][16], from_b[16][16];
  const int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
  float sum = 0.0f;
#pragma unroll 1
  for (int k = 0; k < n; k += 16) {
    from_a[threadIdx.y][threadIdx.x] = a[row * n + k + threadIdx.x];
    from_b[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + column];
    __syncthreads();
#pragma unroll 1
    for (int j = 0; j < 16; ++j) sum += from_a[threadIdx.y][j] * from_b[j][threadIdx.x];
    __syncthreads();
  }
  c[row * n + column] = sum;
}

void shared_product(Tensor c, const Tensor& a, const Tensor& b) {
  const int n = int(a.size(0));
  product<<<dim3(n / 16, n / 16), dim3(16, 16), 0, current_stream()>>>(data<float>(c), data<float>(a), data<float>(b), n);
}
