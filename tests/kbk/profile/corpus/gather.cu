// Addresses that come from another tensor.

int blocks_of(int64_t n, int64_t threads) { return int((n + threads - 1) / threads); }

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

template <typename Index>
__global__ void gather(float* out, const float* x, const Index* index, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[index[i]];
}

// index: int32 or int64.
void gather_elements(Tensor out, const Tensor& x, const Tensor& index) {
  const int n = int(out.numel());
  const cudaStream_t stream = current_stream();
  if (index.element_size() == 4) gather<<<blocks_of(n, 128), 128, 0, stream>>>(data<float>(out), data<float>(x), data<int>(index), n);
  else gather<<<blocks_of(n, 128), 128, 0, stream>>>(data<float>(out), data<float>(x), data<int64_t>(index), n);
}

__global__ void scatter(float* out, const float* x, const int* index, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[index[i]] = x[i];
}

void scatter_elements(Tensor out, const Tensor& x, const Tensor& index) {
  const int n = int(x.numel());
  scatter<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), data<int>(index), n);
}

// Only where the index is not negative: lanes without work.
__global__ void gather_some(float* out, const float* x, const int* index, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const int at = index[i];
  if (at >= 0) out[i] = x[at] * 2.0f;
}

void gather_masked(Tensor out, const Tensor& x, const Tensor& index) {
  const int n = int(out.numel());
  gather_some<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), data<int>(index), n);
}

// A warp a row: embedding lookup. All lanes load the same index.
__global__ void gather_row(float* out, const float* table, const int* index, int rows, int columns) {
  const int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  if (row >= rows) return;
  const int from = index[row];
#pragma unroll 1
  for (int i = threadIdx.x % 32; i < columns; i += 32) out[row * columns + i] = table[from * columns + i];
}

void gather_rows(Tensor out, const Tensor& table, const Tensor& index) {
  const int rows = int(out.size(0));
  gather_row<<<blocks_of(rows, 4), 128, 0, current_stream()>>>(data<float>(out), data<float>(table), data<int>(index), rows,
                                                               int(out.size(1)));
}

// Follows a list from each start to its end (-1): as many turns as the list is long.
__global__ void follow(int* length, const int* next, const int* start, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int count = 0;
#pragma unroll 1
  for (int at = start[i]; at >= 0; at = next[at]) ++count;
  length[i] = count;
}

void list_lengths(Tensor length, const Tensor& next, const Tensor& start) {
  const int n = int(length.numel());
  follow<<<blocks_of(n, 64), 64, 0, current_stream()>>>(data<int>(length), data<int>(next), data<int>(start), n);
}
