// RoPE: from one thread an element to one load of the angles a token, for bfloat16.
// kernels/rope.cu goes on from here, for every dtype.
//
//   rung 1  rope_sincos        one thread an element, out of place, angles computed there
//   rung 2  rope_by_element    angles from a table, in place: a race
//   rung 3  rope_by_pair       one thread a pair: it reads both and writes both
//   rung 4  rope_strided       q and k of any strides, one launch; halves or interleaved
//   rung 5  rope_vectors       16 bytes an access
//   rung 6  rope_walk_heads    a worker walks the heads of its token with the same angles
//   rung 7  rope_shared_table  angles in shared memory: sounds good, loses
//
// Rungs 1 to 3 take x [num_tokens, num_heads, head_size], contiguous, and rotate all of a
// head by halves. The others take query and key of three dimensions.

// [begin door]
#include <algorithm>

constexpr int kThreads = 128;  // threads a block

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

void check_positions(const char* op, const Tensor& positions, int64_t num_tokens) {
  KBK_CHECK(positions.scalar_type() == ScalarType::Long && positions.dim() == 1 &&
                positions.numel() == num_tokens && positions.is_contiguous(),
            op, ": positions must be int64, contiguous, one a token, [", num_tokens,
            "]; its dtype is ", positions.scalar_type(), " and its shape ",
            positions.sizes());
}

// A row of table, cos_sin_cache, has rotary_dim / 2 cosines, then as many sines.
void check_angles(const char* op, const Tensor& positions, const Tensor& table,
                  int64_t num_tokens, int64_t head_size) {
  check_positions(op, positions, num_tokens);
  KBK_CHECK(table.scalar_type() == ScalarType::Float && table.dim() == 2 &&
                table.is_contiguous(),
            op, ": cos_sin_cache must be float32 [num_positions, rotary_dim], ",
            "contiguous; its dtype is ", table.scalar_type(), " and its shape ",
            table.sizes());
  const int64_t rotary = table.size(1);
  KBK_CHECK(rotary >= 2 && rotary % 2 == 0 && rotary <= head_size, op,
            ": cos_sin_cache's rotary_dim must be even, from 2 to head_size, ", head_size,
            "; it was ", rotary);
}

void check_heads(const char* op, const char* name, const Tensor& t) {
  KBK_CHECK(t.scalar_type() == ScalarType::BFloat16 && t.dim() == 3, op, ": ", name,
            " must be bfloat16 [num_tokens, num_heads, head_size]; its dtype is ",
            t.scalar_type(), " and its shape ", t.sizes());
}

void check_whole_heads(const char* op, const char* name, const Tensor& t) {
  check_heads(op, name, t);
  KBK_CHECK(t.size(2) % 2 == 0 && t.is_contiguous(), op, ": ", name,
            " must be contiguous with an even head_size; its shape is ", t.sizes(),
            " and its strides are ", t.strides());
}

// Rungs 2 and 3 rotate whole heads.
void check_in_place(const char* op, const Tensor& x, const Tensor& positions,
                    const Tensor& cos_sin_cache) {
  check_whole_heads(op, "x", x);
  check_angles(op, positions, cos_sin_cache, x.size(0), x.size(2));
  KBK_CHECK(cos_sin_cache.size(1) == x.size(2), op, ": cos_sin_cache's rotary_dim must ",
            "be head_size, ", x.size(2), "; it was ", cos_sin_cache.size(1));
}

__nv_bfloat16* elements(const Tensor& t) {
  return static_cast<__nv_bfloat16*>(t.data_ptr());
}
// [end door]

// [begin rung 1]
// One thread an element of out. The thread of the pair's other element computes the same
// angle, and so do all heads of the token.
__global__ void sincos_by_element(__nv_bfloat16* out, const __nv_bfloat16* x,
                                  const int64_t* positions, int heads, int head_size,
                                  float base, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const int at = i % head_size, half = head_size / 2;
  const float frequency = powf(base, -2.0f * (at % half) / head_size);
  float sin, cos;
  sincosf(positions[i / (heads * head_size)] * frequency, &sin, &cos);
  out[i] = at < half ? float(x[i]) * cos - float(x[i + half]) * sin
                     : float(x[i]) * cos + float(x[i - half]) * sin;
}

void rope_sincos(Tensor out, const Tensor& x, const Tensor& positions, double base) {
  const char* op = "rope_sincos";
  check_whole_heads(op, "x", x);
  check_whole_heads(op, "out", out);
  KBK_CHECK(out.sizes().equals(x.sizes()), op, ": out must have the shape of x, ",
            x.sizes(), "; its shape is ", out.sizes());
  KBK_CHECK(out.data_ptr() != x.data_ptr() || x.numel() == 0, op,
            ": out must not be x: threads read what others write");
  check_positions(op, positions, x.size(0));
  const int64_t n = x.numel();
  if (n == 0) return;
  sincos_by_element<<<ceil_div(n, kThreads), kThreads, 0, current_stream()>>>(
      elements(out), elements(x), positions.const_data_ptr<int64_t>(), x.size(1),
      x.size(2), base, n);
}
// [end rung 1]

// [begin rung 2]
// One thread an element, in place. Wrong: the other element of the pair may already be
// what its own thread has written.
__global__ void by_element(__nv_bfloat16* x, const int64_t* positions, const float* table,
                           int heads, int head_size, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const int at = i % head_size, half = head_size / 2, pair = at % half;
  const float* row = table + positions[i / (heads * head_size)] * head_size;
  const float other = x[at < half ? i + half : i - half];
  const float sin = at < half ? -row[half + pair] : row[half + pair];
  x[i] = float(x[i]) * row[pair] + other * sin;
}

void rope_by_element(Tensor x, const Tensor& positions, const Tensor& cos_sin_cache) {
  check_in_place("rope_by_element", x, positions, cos_sin_cache);
  const int64_t n = x.numel();
  if (n == 0) return;
  by_element<<<ceil_div(n, kThreads), kThreads, 0, current_stream()>>>(
      elements(x), positions.const_data_ptr<int64_t>(),
      cos_sin_cache.const_data_ptr<float>(), x.size(1), x.size(2), n);
}
// [end rung 2]

// [begin rung 3]
// One thread a pair: it reads both elements, then writes both. Nobody else touches them,
// so nobody has to wait.
__global__ void by_pair(__nv_bfloat16* x, const int64_t* positions, const float* table,
                        int heads, int head_size, int64_t pairs) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= pairs) return;
  const int half = head_size / 2, pair = i % half;
  const float* row = table + positions[i / (heads * half)] * head_size;
  __nv_bfloat16* head = x + i / half * head_size;
  const float a = head[pair], b = head[pair + half];
  const float cos = row[pair], sin = row[half + pair];
  head[pair] = a * cos - b * sin;
  head[pair + half] = b * cos + a * sin;
}

void rope_by_pair(Tensor x, const Tensor& positions, const Tensor& cos_sin_cache) {
  check_in_place("rope_by_pair", x, positions, cos_sin_cache);
  const int64_t pairs = x.numel() / 2;
  if (pairs == 0) return;
  by_pair<<<ceil_div(pairs, kThreads), kThreads, 0, current_stream()>>>(
      elements(x), positions.const_data_ptr<int64_t>(),
      cos_sin_cache.const_data_ptr<float>(), x.size(1), x.size(2), pairs);
}
// [end rung 3]

// [begin rung 4]
// [num_tokens, heads, head_size]: a slice of a fused qkv tensor has strides of its own.
struct Rows {
  __nv_bfloat16* data;
  int64_t token_stride, head_stride;
  int heads;
};

// What the rungs from here on are told. Heads are numbered through: q's, then k's.
struct Rope {
  Rows q, k;
  const int64_t* positions;
  const float* table;
  int64_t num_tokens;
  int rotary;

  __device__ __nv_bfloat16* head(int64_t token, int h) const {
    const Rows& rows = h < q.heads ? q : k;
    if (h >= q.heads) h -= q.heads;
    return rows.data + token * rows.token_stride + h * rows.head_stride;
  }
  __device__ const float* row(int64_t token) const {
    return table + positions[token] * rotary;
  }
};

Rows rows_of(const char* op, const char* name, const Tensor& t) {
  check_heads(op, name, t);
  KBK_CHECK(t.numel() == 0 || t.stride(2) == 1, op, ": ", name,
            "'s last dimension must have stride 1; its strides are ", t.strides());
  return {elements(t), t.stride(0), t.stride(1), int(t.size(1))};
}

Rope rope_of(const char* op, const Tensor& positions, const Tensor& query,
             const Tensor& key, const Tensor& cos_sin_cache) {
  const Rows q = rows_of(op, "query", query), k = rows_of(op, "key", key);
  KBK_CHECK(key.size(0) == query.size(0) && key.size(2) == query.size(2), op,
            ": key must have the tokens and the head_size of query, ", query.sizes(),
            "; its shape is ", key.sizes());
  check_angles(op, positions, cos_sin_cache, query.size(0), query.size(2));
  return {q, k, positions.const_data_ptr<int64_t>(),
          cos_sin_cache.const_data_ptr<float>(), query.size(0),
          int(cos_sin_cache.size(1))};
}

// Blocks: x is the token, y a part of its pairs. One thread a pair; pair p of a head is
// elements p and p + rotary / 2, or 2 * p and 2 * p + 1. The rest of a head stays.
template <bool Interleaved>
__global__ void strided(const Rope rope) {
  const int half = rope.rotary / 2, i = blockIdx.y * blockDim.x + threadIdx.x;
  const int h = i / half, pair = i % half;
  if (h >= rope.q.heads + rope.k.heads) return;
  const float* row = rope.row(blockIdx.x);
  __nv_bfloat16* head = rope.head(blockIdx.x, h);
  __nv_bfloat16& first = head[Interleaved ? 2 * pair : pair];
  __nv_bfloat16& second = head[Interleaved ? 2 * pair + 1 : pair + half];
  const float a = first, b = second, cos = row[pair], sin = row[half + pair];
  first = a * cos - b * sin;
  second = b * cos + a * sin;
}

// A grid of tokens x blocks for so many threads a token.
dim3 grid_for(const Rope& rope, int64_t threads) {
  return dim3(rope.num_tokens, ceil_div(threads, kThreads));
}

bool nothing_to_do(const Rope& rope) {
  return rope.num_tokens == 0 || rope.q.heads + rope.k.heads == 0;
}

void rope_strided(const Tensor& positions, Tensor query, Tensor key,
                  const Tensor& cos_sin_cache, bool is_neox = true) {
  const Rope rope = rope_of("rope_strided", positions, query, key, cos_sin_cache);
  if (nothing_to_do(rope)) return;
  auto* kernel = is_neox ? strided<false> : strided<true>;
  const dim3 grid = grid_for(rope, (rope.q.heads + rope.k.heads) * rope.rotary / 2);
  kernel<<<grid, kThreads, 0, current_stream()>>>(rope);
}
// [end rung 4]

// [begin rung 5]
constexpr int kVec = 8;  // elements of 16 bytes

// What a thread holds of a head: 8 elements from the first half of what is rotated and 8
// from the second. As halves they are 8 pairs; interleaved, 4 pairs and 4 more.
struct Held { uint4 first, second; };

struct Angles { float cos[kVec], sin[kVec]; };

__device__ void read_four(float* to, const float* from) {
  *reinterpret_cast<float4*>(to) = *reinterpret_cast<const float4*>(from);
}

// The angles of the pairs of both words.
template <bool Interleaved>
__device__ void read_angles(float* to, const float* row, int lane, int half) {
  read_four(to, row + lane * (Interleaved ? 4 : 8));
  read_four(to + 4, row + (Interleaved ? half / 2 + lane * 4 : lane * 8 + 4));
}

__device__ void turn(__nv_bfloat16& a, __nv_bfloat16& b, float cos, float sin) {
  const float x = a, y = b;
  a = x * cos - y * sin;
  b = y * cos + x * sin;
}

template <bool Interleaved>
__device__ void turn_words(uint4* first, uint4* second, const Angles& by) {
  Held held = {*first, *second};
  __nv_bfloat16* a = reinterpret_cast<__nv_bfloat16*>(&held.first);
  __nv_bfloat16* b = reinterpret_cast<__nv_bfloat16*>(&held.second);
#pragma unroll
  for (int j = 0; j < kVec; ++j) {
    if (!Interleaved) turn(a[j], b[j], by.cos[j], by.sin[j]);
    else if (j < 4) turn(a[2 * j], a[2 * j + 1], by.cos[j], by.sin[j]);
    else turn(b[2 * j - 8], b[2 * j - 7], by.cos[j], by.sin[j]);
  }
  *first = held.first;
  *second = held.second;
}

// Rung 4 with one thread for the 8 pairs of two words. rotary / 16 lanes hold a head.
template <bool Interleaved>
__global__ void vectors(const Rope rope) {
  const int half = rope.rotary / 2, lanes = half / kVec;
  const int i = blockIdx.y * blockDim.x + threadIdx.x, h = i / lanes, lane = i % lanes;
  if (h >= rope.q.heads + rope.k.heads) return;
  const float* row = rope.row(blockIdx.x);
  Angles by;
  read_angles<Interleaved>(by.cos, row, lane, half);
  read_angles<Interleaved>(by.sin, row + half, lane, half);
  __nv_bfloat16* mine = rope.head(blockIdx.x, h) + lane * kVec;
  turn_words<Interleaved>(reinterpret_cast<uint4*>(mine),
                          reinterpret_cast<uint4*>(mine + half), by);
}

void check_words(const char* op, const char* name, const Rows& rows) {
  KBK_CHECK(reinterpret_cast<uintptr_t>(rows.data) % 16 == 0 &&
                rows.token_stride % kVec == 0 && rows.head_stride % kVec == 0,
            op, ": ", name, "'s heads must begin on 16-byte addresses; its strides are ",
            rows.token_stride, " and ", rows.head_stride, " elements");
}

Rope word_rope_of(const char* op, const Tensor& positions, const Tensor& query,
                  const Tensor& key, const Tensor& cos_sin_cache) {
  const Rope rope = rope_of(op, positions, query, key, cos_sin_cache);
  check_words(op, "query", rope.q);
  check_words(op, "key", rope.k);
  KBK_CHECK(rope.rotary % 16 == 0 && reinterpret_cast<uintptr_t>(rope.table) % 16 == 0,
            op, ": cos_sin_cache must begin on a 16-byte address with a multiple of 16 ",
            "as rotary_dim; its shape is ", cos_sin_cache.sizes());
  return rope;
}

void rope_vectors(const Tensor& positions, Tensor query, Tensor key,
                  const Tensor& cos_sin_cache, bool is_neox = true) {
  const Rope rope = word_rope_of("rope_vectors", positions, query, key, cos_sin_cache);
  if (nothing_to_do(rope)) return;
  auto* kernel = is_neox ? vectors<false> : vectors<true>;
  const dim3 grid = grid_for(rope, (rope.q.heads + rope.k.heads) * rope.rotary / 16);
  kernel<<<grid, kThreads, 0, current_stream()>>>(rope);
}
// [end rung 5]

// [begin rung 6]
// Eight floats of a lane are a sector, and a request has 16 bytes of it: lanes that read
// their own ask for each sector twice. So two neighbours read 32 bytes in a row, twice,
// and give each other what the other needs.
__device__ void read_with_neighbour(float* to, const float* row, int lane) {
  const int odd = lane & 1;
  float a[4], b[4];
  read_four(a, row + 8 * lane - 4 * odd);
  read_four(b, row + 8 * lane - 4 * odd + 8);
  const unsigned int us = 3u << (threadIdx.x % 32 - odd);
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const float got = __shfl_xor_sync(us, odd ? a[j] : b[j], 1);
    to[j] = odd ? got : a[j];
    to[4 + j] = odd ? b[j] : got;
  }
}

// rotary / 16 lanes walk all heads of a token. The angles stay in their registers.
template <bool Interleaved>
__global__ void walk_heads(const Rope rope) {
  const int half = rope.rotary / 2, lanes = half / kVec;
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, token = i / lanes;
  const int lane = i % lanes;
  if (token >= rope.num_tokens) return;
  const float* row = rope.row(token);
  Angles by;
  if (Interleaved || lanes % 2) {
    read_angles<Interleaved>(by.cos, row, lane, half);
    read_angles<Interleaved>(by.sin, row + half, lane, half);
  } else {
    read_with_neighbour(by.cos, row, lane);
    read_with_neighbour(by.sin, row + half, lane);
  }
  for (int h = 0; h < rope.q.heads + rope.k.heads; ++h) {
    __nv_bfloat16* mine = rope.head(token, h) + lane * kVec;
    turn_words<Interleaved>(reinterpret_cast<uint4*>(mine),
                            reinterpret_cast<uint4*>(mine + half), by);
  }
}

void rope_walk_heads(const Tensor& positions, Tensor query, Tensor key,
                     const Tensor& cos_sin_cache, bool is_neox = true) {
  const Rope rope = word_rope_of("rope_walk_heads", positions, query, key, cos_sin_cache);
  if (nothing_to_do(rope)) return;
  auto* kernel = is_neox ? walk_heads<false> : walk_heads<true>;
  const int64_t threads = rope.num_tokens * rope.rotary / 16;
  kernel<<<ceil_div(threads, kThreads), kThreads, 0, current_stream()>>>(rope);
}
// [end rung 6]

// [begin rung 7 loses]
// One block a token, its row of the table in shared memory. All threads wait for it, and
// then every thread reads from there what rung 6 has in registers.
template <bool Interleaved>
__global__ void shared_table(const Rope rope) {
  extern __shared__ __align__(16) float angles[];
  const int half = rope.rotary / 2, lanes = half / kVec;
  const float* row = rope.row(blockIdx.x);
  for (int i = threadIdx.x; i < rope.rotary; i += blockDim.x) angles[i] = row[i];
  __syncthreads();
  const int n = (rope.q.heads + rope.k.heads) * lanes;
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    const int lane = i % lanes;
    Angles by;
    read_angles<Interleaved>(by.cos, angles, lane, half);
    read_angles<Interleaved>(by.sin, angles + half, lane, half);
    __nv_bfloat16* mine = rope.head(blockIdx.x, i / lanes) + lane * kVec;
    turn_words<Interleaved>(reinterpret_cast<uint4*>(mine),
                            reinterpret_cast<uint4*>(mine + half), by);
  }
}

void rope_shared_table(const Tensor& positions, Tensor query, Tensor key,
                       const Tensor& cos_sin_cache, bool is_neox = true) {
  const char* op = "rope_shared_table";
  const Rope rope = word_rope_of(op, positions, query, key, cos_sin_cache);
  if (nothing_to_do(rope)) return;
  auto* kernel = is_neox ? shared_table<false> : shared_table<true>;
  kernel<<<rope.num_tokens, kThreads, 4 * rope.rotary, current_stream()>>>(rope);
}
// [end rung 7 loses]
