// Kernels with the shape of later chapters': activations, a norm, attention's decode step, selection, histograms.

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

struct alignas(16) Eight {
  __nv_bfloat162 pair[4];
};

__device__ Eight load_eight(const __nv_bfloat16* from) {
  const uint4 word = *reinterpret_cast<const uint4*>(from);
  Eight values;
  memcpy(&values, &word, 16);
  return values;
}

__device__ void store_eight(__nv_bfloat16* to, const Eight& values) {
  uint4 word;
  memcpy(&word, &values, 16);
  *reinterpret_cast<uint4*>(to) = word;
}

__device__ float silu(float x) { return x / (1.0f + __expf(-x)); }

// A block a row of out [rows, columns]; x is [rows, 2 * columns]: gate, then up.
__global__ void silu_rows(__nv_bfloat16* out, const __nv_bfloat16* x, int columns) {
  const int64_t row = blockIdx.x;
#pragma unroll 1
  for (int i = threadIdx.x * 8; i < columns; i += blockDim.x * 8) {
    const Eight gate = load_eight(x + row * 2 * columns + i);
    const Eight up = load_eight(x + row * 2 * columns + columns + i);
    Eight both;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float2 g = __bfloat1622float2(gate.pair[k]), u = __bfloat1622float2(up.pair[k]);
      both.pair[k] = __floats2bfloat162_rn(silu(g.x) * u.x, silu(g.y) * u.y);
    }
    store_eight(out + row * columns + i, both);
  }
}

// columns: a multiple of 8.
void silu_and_mul(Tensor out, const Tensor& x) {
  silu_rows<<<int(out.size(0)), 256, 0, current_stream()>>>(data<__nv_bfloat16>(out), data<__nv_bfloat16>(x), int(out.size(1)));
}

__device__ float warp_sum(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

// A block a row: the sum of squares first, the scaled values second, read again.
__global__ void rms_rows(__nv_bfloat16* out, const __nv_bfloat16* x, const __nv_bfloat16* weight, int columns, float epsilon) {
  __shared__ float part[8];
  const __nv_bfloat16* row = x + int64_t(blockIdx.x) * columns;
  float sum = 0.0f;
#pragma unroll 1
  for (int i = threadIdx.x * 8; i < columns; i += 256 * 8) {
    const Eight values = load_eight(row + i);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float2 v = __bfloat1622float2(values.pair[k]);
      sum += v.x * v.x + v.y * v.y;
    }
  }
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = sum;
  __syncthreads();
  float all = 0.0f;
#pragma unroll 1
  for (int warp = 0; warp < 8; ++warp) all += part[warp];
  const float scale = rsqrtf(all / columns + epsilon);
#pragma unroll 1
  for (int i = threadIdx.x * 8; i < columns; i += 256 * 8) {
    const Eight values = load_eight(row + i), weights = load_eight(weight + i);
    Eight scaled;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float2 v = __bfloat1622float2(values.pair[k]), w = __bfloat1622float2(weights.pair[k]);
      scaled.pair[k] = __floats2bfloat162_rn(v.x * scale * w.x, v.y * scale * w.y);
    }
    store_eight(out + int64_t(blockIdx.x) * columns + i, scaled);
  }
}

void rmsnorm(Tensor out, const Tensor& x, const Tensor& weight, double epsilon) {
  rms_rows<<<int(x.size(0)), 256, 0, current_stream()>>>(data<__nv_bfloat16>(out), data<__nv_bfloat16>(x),
                                                        data<__nv_bfloat16>(weight), int(x.size(1)), float(epsilon));
}

// Lightning attention, one new token. A block a head, a thread a column of its state [d, e]:
//   state = decay * state + k v^T,   out = q state
__global__ void decode_streamed(__nv_bfloat16* out, float* next, const __nv_bfloat16* q, const __nv_bfloat16* k,
                                const __nv_bfloat16* v, const float* state, const float* slope, int d, int e) {
  extern __shared__ float arena[];
  float* keys = arena;
  float* queries = arena + d;
  const int head = blockIdx.x, column = threadIdx.x;
  if (column < d) {
    keys[column] = __bfloat162float(k[head * d + column]);
    queries[column] = __bfloat162float(q[head * d + column]);
  }
  __syncthreads();
  if (column >= e) return;
  const float decay = __expf(-slope[head]), value = __bfloat162float(v[head * e + column]);
  float sum = 0.0f;
#pragma unroll 1
  for (int row = 0; row < d; ++row) {
    const int64_t at = (int64_t(head) * d + row) * e + column;
    const float mixed = decay * state[at] + keys[row] * value;
    next[at] = mixed;
    sum += queries[row] * mixed;
  }
  out[head * e + column] = __float2bfloat16(sum);
}

void attention_streamed(Tensor out, Tensor next, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& state,
                        const Tensor& slope) {
  const int heads = int(state.size(0)), d = int(state.size(1)), e = int(state.size(2));
  decode_streamed<<<heads, 128, 2 * d * 4, current_stream()>>>(
      data<__nv_bfloat16>(out), data<float>(next), data<__nv_bfloat16>(q), data<__nv_bfloat16>(k), data<__nv_bfloat16>(v),
      data<float>(state), data<float>(slope), d, e);
}

// The same with the state in shared memory, its rows padded; a thread a row of it first, a column of it then.
__global__ void decode_held(__nv_bfloat16* out, float* next, const __nv_bfloat16* q, const __nv_bfloat16* k,
                            const __nv_bfloat16* v, const float* state, const float* slope, int d, int e) {
  extern __shared__ float arena[];
  float* held = arena;
  float* values = arena + d * (e + 1);
  float* queries = values + e;
  const int head = blockIdx.x, thread = threadIdx.x;
  const float decay = __expf(-slope[head]);
#pragma unroll 1
  for (int i = thread; i < d * e; i += blockDim.x)
    held[i / e * (e + 1) + i % e] = decay * state[int64_t(head) * d * e + i];
  if (thread < e) values[thread] = __bfloat162float(v[head * e + thread]);
  if (thread < d) queries[thread] = __bfloat162float(q[head * d + thread]);
  __syncthreads();
  if (thread < d) {
    const float key = __bfloat162float(k[head * d + thread]);
#pragma unroll 1
    for (int column = 0; column < e; ++column) held[thread * (e + 1) + column] += key * values[column];
  }
  __syncthreads();
  if (thread < e) {
    float sum = 0.0f;
#pragma unroll 1
    for (int row = 0; row < d; ++row) sum += queries[row] * held[row * (e + 1) + thread];
    out[head * e + thread] = __float2bfloat16(sum);
  }
#pragma unroll 1
  for (int i = thread; i < d * e; i += blockDim.x) next[int64_t(head) * d * e + i] = held[i / e * (e + 1) + i % e];
}

void attention_held(Tensor out, Tensor next, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& state,
                    const Tensor& slope) {
  const int heads = int(state.size(0)), d = int(state.size(1)), e = int(state.size(2));
  decode_held<<<heads, 128, (d * (e + 1) + d + e) * 4, current_stream()>>>(
      data<__nv_bfloat16>(out), data<float>(next), data<__nv_bfloat16>(q), data<__nv_bfloat16>(k), data<__nv_bfloat16>(v),
      data<float>(state), data<float>(slope), d, e);
}

// A warp a row of 128 scores: k times the largest that is left, the first of equals.
__global__ void top_rows(float* values, int* indices, const float* scores, int k) {
  const int lane = threadIdx.x;
  const float* row = scores + blockIdx.x * 128;
  float held[4];
#pragma unroll
  for (int j = 0; j < 4; ++j) held[j] = row[j * 32 + lane];
#pragma unroll 1
  for (int turn = 0; turn < k; ++turn) {
    float best = held[0];
    int at = lane;
#pragma unroll
    for (int j = 1; j < 4; ++j)
      if (held[j] > best) {
        best = held[j];
        at = j * 32 + lane;
      }
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) {
      const float other = __shfl_xor_sync(0xffffffffu, best, offset);
      const int other_at = __shfl_xor_sync(0xffffffffu, at, offset);
      if (other > best || (other == best && other_at < at)) {
        best = other;
        at = other_at;
      }
    }
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (at == j * 32 + lane) held[j] = -INFINITY;
    if (lane == 0) {
      values[blockIdx.x * k + turn] = best;
      indices[blockIdx.x * k + turn] = at;
    }
  }
}

// scores: [rows, 128].
void top_of_rows(Tensor values, Tensor indices, const Tensor& scores) {
  top_rows<<<int(scores.size(0)), 32, 0, current_stream()>>>(data<float>(values), data<int>(indices), data<float>(scores),
                                                             int(values.size(1)));
}

// The first digit of a radix select: one block counts the top bytes of a row's bits.
__global__ void digits(int* bins, const float* x, int n) {
  __shared__ int own[256];
  if (threadIdx.x < 256) own[threadIdx.x] = 0;
  __syncthreads();
#pragma unroll 1
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    unsigned bits = __float_as_uint(x[i]);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;  // in the order of the floats
    atomicAdd(&own[bits >> 24], 1);
  }
  __syncthreads();
  if (threadIdx.x < 256) bins[threadIdx.x] = own[threadIdx.x];
}

void radix_histogram(Tensor bins, const Tensor& x) {
  digits<<<1, 1024, 0, current_stream()>>>(data<int>(bins), data<float>(x), int(x.numel()));
}
