"""Kernels whose launches the tests of kbk.draw picture, each small and with one thing to see."""

from __future__ import annotations

WRITTEN = r"""
// A grid-stride copy: thread i has the elements i, i + step, i + 2 * step.
__global__ void stride_k(float* out, const float* x, int64_t n) {
  int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    out[i] = x[i];
  }
}

// The last block starts so that it ends with the tensor: it does work of the one before it again.
__global__ void redone_k(float* out, const float* x, int64_t n) {
  int64_t first = int64_t(blockIdx.x) * blockDim.x;
  if (first + blockDim.x > n) first = n - blockDim.x;
  out[first + threadIdx.x] = x[first + threadIdx.x];
}

__global__ void vector_k(float4* out, const float4* x, int64_t n) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i];
}

__global__ void add_k(float* out, const float* x, const float* y, int rows, int columns) {
  int row = blockIdx.y * blockDim.y + threadIdx.y;
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (row < rows && column < columns) {
    out[row * columns + column] = x[row * columns + column] + y[row * columns + column];
  }
}

// x counts the rows: the lanes of a warp go down a column.
__global__ void swapped_k(float* out, const float* x, int rows, int columns) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  int column = blockIdx.y * blockDim.y + threadIdx.y;
  if (row < rows && column < columns) out[row * columns + column] = x[row * columns + column];
}

__global__ void count_k(int* out, const int* x, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) atomicAdd(&out[x[i]], 1);
}

const float* in(const Tensor& x) { return x.const_data_ptr<float>(); }
float* to(Tensor& out) { return out.mutable_data_ptr<float>(); }

void stride(Tensor out, const Tensor& x, int64_t blocks, int64_t threads, int64_t n) {
  stride_k<<<blocks, threads>>>(to(out), in(x), n);
}
void redone(Tensor out, const Tensor& x, int64_t threads) {
  redone_k<<<(x.numel() + threads - 1) / threads, threads>>>(to(out), in(x), x.numel());
}
void vectors(Tensor out, const Tensor& x) {
  vector_k<<<1, 32>>>((float4*)to(out), (const float4*)in(x), x.numel() / 4);
}
void add(Tensor out, const Tensor& x, const Tensor& y, int64_t wide, int64_t high) {
  int rows = x.size(0), columns = x.size(1);
  dim3 grid((columns + wide - 1) / wide, (rows + high - 1) / high);
  add_k<<<grid, dim3(wide, high)>>>(to(out), in(x), in(y), rows, columns);
}
void swapped(Tensor out, const Tensor& x) {
  int rows = x.size(0), columns = x.size(1);
  dim3 grid((rows + 31) / 32, (columns + 7) / 8);
  swapped_k<<<grid, dim3(32, 8)>>>(to(out), in(x), rows, columns);
}
void count(Tensor out, const Tensor& x) {
  count_k<<<1, 64>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>(), x.numel());
}
"""
WRITTEN_OPS = ["stride", "redone", "vectors", "add", "swapped", "count"]

SHARED = r"""
// A tile of 32 x 32 with PAD more columns, which nobody touches.
template <int PAD>
__global__ void transpose_k(float* out, const float* x, int rows, int columns) {
  __shared__ float tile[32][32 + PAD];
  int row = blockIdx.y * 32, column = blockIdx.x * 32;
  for (int j = threadIdx.y; j < 32; j += blockDim.y) {
    tile[j][threadIdx.x] = x[(row + j) * columns + column + threadIdx.x];
  }
  __syncthreads();
  for (int j = threadIdx.y; j < 32; j += blockDim.y) {
    out[(column + j) * rows + row + threadIdx.x] = tile[threadIdx.x][j];
  }
}

// Sum of one row a block: halves the threads after every barrier.
__global__ void tree_k(float* out, const float* x) {
  __shared__ float partial[256];
  int t = threadIdx.x;
  partial[t] = x[blockIdx.x * 256 + t];
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  if (t == 0) out[blockIdx.x] = partial[0];
}

// The same with shuffles: 8 warps leave a partial sum each.
__global__ void block_sum_k(float* out, const float* x) {
  __shared__ float partial[8];
  int t = threadIdx.x;
  float s = x[blockIdx.x * 256 + t];
  for (int d = 16; d > 0; d /= 2) s += __shfl_xor_sync(0xffffffffu, s, d);
  if (t % 32 == 0) partial[t / 32] = s;
  __syncthreads();
  if (t < 32) {
    s = t < 8 ? partial[t] : 0.0f;
    for (int d = 4; d > 0; d /= 2) s += __shfl_xor_sync(0xffffffffu, s, d);
    if (t == 0) out[blockIdx.x] = s;
  }
}

// One step of a linear attention, one head a block: decay the state, add k x v, multiply by q.
// Dynamic shared memory is carved into q, k, v and a state whose rows have one element more.
__global__ void decode_k(float* out, float* state, const float* q, const float* k, const float* v,
                         float decay, int d, int e) {
  extern __shared__ float memory[];
  float* s_q = memory;
  float* s_k = s_q + d;
  float* s_v = s_k + d;
  float* tile = s_v + e;
  int t = threadIdx.x, head = blockIdx.x;
  for (int i = t; i < d; i += blockDim.x) {
    s_q[i] = q[head * d + i];
    s_k[i] = k[head * d + i];
  }
  for (int j = t; j < e; j += blockDim.x) s_v[j] = v[head * e + j];
  __syncthreads();
  for (int i = t; i < d; i += blockDim.x) {
    for (int j = 0; j < e; ++j) {
      float now = decay * state[(head * d + i) * e + j] + s_k[i] * s_v[j];
      tile[i * (e + 1) + j] = now;
      state[(head * d + i) * e + j] = now;
    }
  }
  __syncthreads();
  for (int j = t; j < e; j += blockDim.x) {
    float sum = 0;
    for (int i = 0; i < d; ++i) sum += s_q[i] * tile[i * (e + 1) + j];
    out[head * e + j] = sum;
  }
}

// Bytes in front, halves behind them, and a gap between.
__global__ void carved_k(float* out, const float* x, int n) {
  extern __shared__ char bytes[];
  float* kept = reinterpret_cast<float*>(bytes);
  __half* small = reinterpret_cast<__half*>(bytes + n * sizeof(float) + 16);
  int t = threadIdx.x;
  kept[t] = x[t];
  small[t] = __float2half(x[t]);
  __syncthreads();
  out[t] = kept[n - 1 - t] + __half2float(small[n - 1 - t]);
}

__global__ void matmul_k(float* out, const float* a, const float* b, int n) {
  int row = threadIdx.y, column = threadIdx.x;
  float s = 0;
  for (int k = 0; k < n; ++k) s += a[row * n + k] * b[k * n + column];
  out[row * n + column] = s;
}

__constant__ float weights[4] = {1, 2, 4, 8};

// A weight that is the same for all, and one value a row that is loaded once for all its columns.
__global__ void weigh_k(float* out, const float* x, const float* scale, int columns) {
  float s = scale[threadIdx.x];
  for (int c = 0; c < columns; ++c) {
    out[threadIdx.x * columns + c] = s * weights[c % 4] * x[threadIdx.x * columns + c];
  }
}

// Two arrays of shared memory: one is stored again from the other end, one has an element that is
// loaded and never stored.
__global__ void fresh_k(float* out) {
  __shared__ float a[32];
  __shared__ float b[32];
  a[threadIdx.x] = 1;
  if (threadIdx.x < 31) b[threadIdx.x] = 2;
  __syncthreads();
  out[threadIdx.x] = a[31 - threadIdx.x] + b[threadIdx.x];
  a[31 - threadIdx.x] = 3;
}

// The halves of a block swap their values; each is kept in a register over the second barrier.
__global__ void kept_k(float* out, const float* x) {
  __shared__ float cube[2][4][9];
  __shared__ int one;
  int t = threadIdx.x, half = t / 32, row = t / 8 % 4, column = t % 8;
  if (t == 0) one = 1;
  cube[half][row][column] = x[t];
  __syncthreads();
  float other = cube[1 - half][row][column];
  __syncthreads();
  cube[half][row][column] = other + one;
  __syncthreads();
  out[t] = cube[half][row][column];
}

const float* in(const Tensor& x) { return x.const_data_ptr<float>(); }
float* to(Tensor& out) { return out.mutable_data_ptr<float>(); }

void kept(Tensor out, const Tensor& x) { kept_k<<<1, 64>>>(to(out), in(x)); }
void weigh(Tensor out, const Tensor& x, const Tensor& scale) {
  weigh_k<<<1, x.size(0)>>>(to(out), in(x), in(scale), x.size(1));
}
void fresh(Tensor out) { fresh_k<<<1, 32>>>(to(out)); }
void transpose(Tensor out, const Tensor& x, bool padded) {
  int rows = x.size(0), columns = x.size(1);
  dim3 grid(columns / 32, rows / 32), block(32, 8);
  if (padded) {
    transpose_k<1><<<grid, block>>>(to(out), in(x), rows, columns);
  } else {
    transpose_k<0><<<grid, block>>>(to(out), in(x), rows, columns);
  }
}
void tree(Tensor out, const Tensor& x) { tree_k<<<x.size(0), 256>>>(to(out), in(x)); }
void block_sum(Tensor out, const Tensor& x) { block_sum_k<<<x.size(0), 256>>>(to(out), in(x)); }
void decode(Tensor out, Tensor state, const Tensor& q, const Tensor& k, const Tensor& v) {
  int d = q.size(1), e = v.size(1);
  size_t bytes = (2 * d + e + d * (e + 1)) * sizeof(float);
  decode_k<<<q.size(0), 128, bytes>>>(to(out), to(state), in(q), in(k), in(v), 0.5f, d, e);
}
void carved(Tensor out, const Tensor& x) {
  int n = x.numel();
  carved_k<<<1, n, n * sizeof(float) + 16 + n * sizeof(__half) + 64>>>(to(out), in(x), n);
}
void matmul(Tensor out, const Tensor& a, const Tensor& b) {
  int n = a.size(0);
  matmul_k<<<1, dim3(n, n)>>>(to(out), in(a), in(b), n);
}
"""
SHARED_OPS = [
    "kept",
    "weigh",
    "fresh",
    "transpose",
    "tree",
    "block_sum",
    "decode",
    "carved",
    "matmul",
]

SHUFFLED = r"""
// The largest of 32 values and where it is: two shuffles a step, of equal ones the lower index.
__global__ void argmax_k(float* value, int* index, const float* x) {
  float best = x[threadIdx.x];
  int at = threadIdx.x;
  for (int d = 16; d > 0; d /= 2) {
    float other = __shfl_xor_sync(0xffffffffu, best, d);
    int where = __shfl_xor_sync(0xffffffffu, at, d);
    if (other > best || (other == best && where < at)) best = other, at = where;
  }
  value[threadIdx.x] = best;
  index[threadIdx.x] = at;
}
__global__ void sum_k(float* out, const float* x) {
  float s = x[threadIdx.x];
  for (int d = 16; d > 0; d /= 2) s += __shfl_down_sync(0xffffffffu, s, d);
  if (threadIdx.x == 0) out[0] = s;
}
// Each lane gets the sum of all lanes up to its own.
__global__ void scan_k(int* out, const int* x) {
  int s = x[threadIdx.x];
  for (int d = 1; d < 32; d *= 2) {
    int below = __shfl_up_sync(0xffffffffu, s, d);
    if (threadIdx.x >= d) s += below;
  }
  out[threadIdx.x] = s;
}
__global__ void vote_k(int* out, const int* x) {
  unsigned positive = __ballot_sync(0xffffffffu, x[threadIdx.x] > 0);
  int first = __shfl_sync(0xffffffffu, x[threadIdx.x], __ffs(positive) - 1);
  out[threadIdx.x] = first;
}

// Three lanes of a warp go round in a ring of their own.
__global__ void ring_k(int* out, const int* x) {
  if (threadIdx.x < 3) out[threadIdx.x] = __shfl_sync(7u, x[threadIdx.x], (threadIdx.x + 1) % 3);
}

void argmax(Tensor value, Tensor index, const Tensor& x) {
  argmax_k<<<1, 32>>>(value.mutable_data_ptr<float>(), index.mutable_data_ptr<int>(),
                      x.const_data_ptr<float>());
}
void sum(Tensor out, const Tensor& x) {
  sum_k<<<1, 32>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
void scan(Tensor out, const Tensor& x) {
  scan_k<<<1, 32>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
void ring(Tensor out, const Tensor& x) {
  ring_k<<<1, 32>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
void vote(Tensor out, const Tensor& x) {
  vote_k<<<1, 32>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
"""
SHUFFLED_OPS = ["argmax", "sum", "scan", "vote", "ring"]
