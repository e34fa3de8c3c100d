// Transposes, from uncoalesced to padded tiles. x is [rows, columns] float, out is [columns, rows].

constexpr int kTile = 32;
constexpr int kRows = 8;  // of threads; each does four elements of a tile

int blocks_of(int64_t n, int64_t each) { return int((n + each - 1) / each); }

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// Reads along the lanes, writes across them.
__global__ void read_rows(float* out, const float* x, int rows, int columns) {
  const int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
  if (row < rows && column < columns) out[column * rows + row] = x[row * columns + column];
}

// Reads across the lanes, writes along them.
__global__ void write_rows(float* out, const float* x, int rows, int columns) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x, column = blockIdx.y * blockDim.y + threadIdx.y;
  if (row < rows && column < columns) out[column * rows + row] = x[row * columns + column];
}

void transpose_read_rows(Tensor out, const Tensor& x) {
  const int rows = int(x.size(0)), columns = int(x.size(1));
  const dim3 grid(blocks_of(columns, 32), blocks_of(rows, 8));
  read_rows<<<grid, dim3(32, 8), 0, current_stream()>>>(data<float>(out), data<float>(x), rows, columns);
}

void transpose_write_rows(Tensor out, const Tensor& x) {
  const int rows = int(x.size(0)), columns = int(x.size(1));
  const dim3 grid(blocks_of(rows, 32), blocks_of(columns, 8));
  write_rows<<<grid, dim3(32, 8), 0, current_stream()>>>(data<float>(out), data<float>(x), rows, columns);
}

// Through a tile in shared memory. Pad = 0: its columns lie in one bank. Pad = 1: in 32.
template <int Pad>
__global__ void tiled(float* out, const float* x, int rows, int columns) {
  __shared__ float tile[kTile][kTile + Pad];
  const int column = blockIdx.x * kTile + threadIdx.x, row = blockIdx.y * kTile + threadIdx.y;
#pragma unroll 1
  for (int k = 0; k < kTile; k += kRows)
    if (row + k < rows && column < columns) tile[threadIdx.y + k][threadIdx.x] = x[(row + k) * columns + column];
  __syncthreads();
  const int to = blockIdx.y * kTile + threadIdx.x, from = blockIdx.x * kTile + threadIdx.y;
#pragma unroll 1
  for (int k = 0; k < kTile; k += kRows)
    if (from + k < columns && to < rows) out[(from + k) * rows + to] = tile[threadIdx.x][threadIdx.y + k];
}

void transpose_tiled(Tensor out, const Tensor& x, bool padded) {
  const int rows = int(x.size(0)), columns = int(x.size(1));
  const dim3 grid(blocks_of(columns, kTile), blocks_of(rows, kTile)), block(kTile, kRows);
  const cudaStream_t stream = current_stream();
  if (padded) tiled<1><<<grid, block, 0, stream>>>(data<float>(out), data<float>(x), rows, columns);
  else tiled<0><<<grid, block, 0, stream>>>(data<float>(out), data<float>(x), rows, columns);
}

// The tile without padding, its columns swizzled by the row.
__global__ void swizzled(float* out, const float* x, int rows, int columns) {
  __shared__ float tile[kTile][kTile];
  const int column = blockIdx.x * kTile + threadIdx.x, row = blockIdx.y * kTile + threadIdx.y;
#pragma unroll 1
  for (int k = threadIdx.y; k < kTile; k += kRows)
    tile[k][threadIdx.x ^ k] = x[(blockIdx.y * kTile + k) * columns + column];
  __syncthreads();
  const int to = blockIdx.y * kTile + threadIdx.x;
#pragma unroll 1
  for (int k = threadIdx.y; k < kTile; k += kRows)
    out[(blockIdx.x * kTile + k) * rows + to] = tile[threadIdx.x][k ^ threadIdx.x];
}

// rows and columns: multiples of 32.
void transpose_swizzled(Tensor out, const Tensor& x) {
  const int rows = int(x.size(0)), columns = int(x.size(1));
  const dim3 grid(columns / kTile, rows / kTile), block(kTile, kRows);
  swizzled<<<grid, block, 0, current_stream()>>>(data<float>(out), data<float>(x), rows, columns);
}

// 16-byte accesses on the way in and out: each of 64 threads 4x4 elements of a tile of 32x32.
__global__ void vectors(float* out, const float* x, int rows, int columns) {
  __shared__ float tile[kTile][kTile + 1];
  const int quad = threadIdx.x % 8 * 4, line = threadIdx.x / 8;  // 8 lines of 8 quads
  const int row = blockIdx.y * kTile, column = blockIdx.x * kTile;
#pragma unroll 1
  for (int k = line; k < kTile; k += 8) {
    const float4 in = *reinterpret_cast<const float4*>(x + (row + k) * columns + column + quad);
    tile[k][quad] = in.x;
    tile[k][quad + 1] = in.y;
    tile[k][quad + 2] = in.z;
    tile[k][quad + 3] = in.w;
  }
  __syncthreads();
#pragma unroll 1
  for (int k = line; k < kTile; k += 8)
    *reinterpret_cast<float4*>(out + (column + k) * rows + row + quad) =
        make_float4(tile[quad][k], tile[quad + 1][k], tile[quad + 2][k], tile[quad + 3][k]);
}

// rows and columns: multiples of 32.
void transpose_vectors(Tensor out, const Tensor& x) {
  const int rows = int(x.size(0)), columns = int(x.size(1));
  vectors<<<dim3(columns / kTile, rows / kTile), 64, 0, current_stream()>>>(data<float>(out), data<float>(x), rows, columns);
}
