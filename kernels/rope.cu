// RoPE, as SGLang serves it: rungs 7 and 8; kernels/rope_rungs.cu has those before. Every
// head of query and key becomes, in place, with the cosine and the sine of pair i at the
// token's position,
//
//     a, b = is_neox ? x[i], x[i + rotary / 2] : x[2 * i], x[2 * i + 1];
//     a, b = a * cos - b * sin, b * cos + a * sin;  // in float32, rounded once
//
//   rung 7  rope_in_flight      several heads in flight; more or fewer workers a token
//   rung 8  apply_rope_with_cos_sin_cache_inplace
//                               keeps rotated k and raw v in a cache on the way, if asked

// [begin door]
#include <algorithm>
#include <cassert>

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One integer a token, int32 or int64.
struct Ids {
  const void* data;
  bool wide;
  __device__ int64_t operator[](int64_t i) const {
    return wide ? static_cast<const int64_t*>(data)[i]
                : static_cast<const int32_t*>(data)[i];
  }
};

Ids ids_of(const char* op, const char* name, const Tensor& t, int64_t num_tokens) {
  const bool wide = t.scalar_type() == ScalarType::Long;
  KBK_CHECK(wide || t.scalar_type() == ScalarType::Int, op, ": ", name,
            " must be int32 or int64; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == 1 && t.numel() == num_tokens && t.is_contiguous(), op, ": ", name,
            " must be contiguous, one element a token, [", num_tokens, "]; its shape is ",
            t.sizes(), " and its strides are ", t.strides());
  return {t.data_ptr(), wide};
}

// [rows, count, head_size] with any strides but the last, which is 1. Strides in elements.
struct Heads {
  void* data;
  int64_t rows, count, row_stride, head_stride;
};

template <typename T>
__device__ T* head_at(const Heads& heads, int64_t row, int64_t head) {
  return static_cast<T*>(heads.data) + row * heads.row_stride + head * heads.head_stride;
}

// The heads of t, of query's dtype: [rows, count * head_size] or [rows, count, head_size].
Heads heads_of(const char* op, const char* name, const Tensor& t, const Tensor& query,
               int64_t head_size) {
  const ScalarType type = query.scalar_type();
  KBK_CHECK(t.scalar_type() == type, op, ": ", name, " must have the dtype of query, ",
            type, "; its dtype is ", t.scalar_type());
  const bool split = t.dim() == 3;
  KBK_CHECK((split && t.size(2) == head_size) ||
                (t.dim() == 2 && t.size(1) % head_size == 0),
            op, ": ", name, " must be [rows, heads * head_size] or [rows, heads, ",
            "head_size] with head_size ", head_size, "; its shape is ", t.sizes());
  const int64_t rows = t.size(0), count = split ? t.size(1) : t.size(1) / head_size;
  const int64_t by_row = t.stride(0), by_head = split ? t.stride(1) : head_size;
  // The narrower step must pass a head; the wider one, all that the narrower one reaches.
  const bool inside = by_head <= by_row;
  const int64_t near = inside ? count : rows, far = inside ? rows : count;
  const int64_t reach = near > 1 ? near * std::min(by_head, by_row) : head_size;
  KBK_CHECK(t.numel() == 0 || (t.stride(t.dim() - 1) == 1 &&
                               (near == 1 || std::min(by_head, by_row) >= head_size) &&
                               (far == 1 || std::max(by_head, by_row) >= reach)),
            op, ": ", name, " must have heads of stride 1 that do not overlap; its shape ",
            "is ", t.sizes(), " and its strides are ", t.strides());
  return {t.data_ptr(), rows, count, by_row, by_head};
}

// What every kernel here is told. v is for rung 8 alone.
struct Rope {
  Heads q, k, v;
  Ids positions;
  const float* table;  // [num_positions, rotary]: rotary / 2 cosines, then the sines
  int64_t num_tokens, num_positions;
  int rotary, head_size;
};

Rope rope_of(const char* op, const Tensor& positions, const Tensor& query,
             const Tensor& key, int64_t head_size, const Tensor& table) {
  const ScalarType type = query.scalar_type();
  KBK_CHECK(type == ScalarType::Half || type == ScalarType::BFloat16 ||
                type == ScalarType::Float,
            op, ": query must be float16, bfloat16 or float32; its dtype is ", type);
  KBK_CHECK(head_size >= 2 && head_size <= 512 && head_size % 2 == 0, op,
            ": head_size must be even, from 2 to 512; it was ", head_size);
  const Heads q = heads_of(op, "query", query, query, head_size);
  const Heads k = heads_of(op, "key", key, query, head_size);
  KBK_CHECK(k.rows == q.rows, op, ": key must have the tokens of query, ", q.rows,
            "; its shape is ", key.sizes());
  KBK_CHECK(q.data != k.data || query.numel() == 0 || key.numel() == 0, op,
            ": key must not overlap query; both begin at the same address");
  KBK_CHECK(table.scalar_type() == ScalarType::Float && table.dim() == 2 &&
                table.is_contiguous(),
            op, ": cos_sin_cache must be float32 [num_positions, rotary_dim], contiguous; ",
            "it is ", table.scalar_type(), ", its shape ", table.sizes());
  const int64_t rotary = table.size(1);
  KBK_CHECK(rotary >= 2 && rotary % 2 == 0 && rotary <= head_size, op,
            ": cos_sin_cache's rotary_dim must be even, from 2 to head_size, ", head_size,
            "; its shape is ", table.sizes());
  return {q, k, {}, ids_of(op, "positions", positions, q.rows),
          static_cast<const float*>(table.data_ptr()), q.rows, table.size(0),
          int(rotary), int(head_size)};
}
// [end door]

// [begin walk]
// What a thread moves at a time: 16 bytes of Vec elements, or where that cannot be, one.
template <typename T, int Vec>
using Word = std::conditional_t<Vec == 1, T, uint4>;

// A thread holds Vec pairs of a head as two words. As halves, the words are the two sides
// of the pairs; interleaved, each word has Vec / 2 pairs in it. The places are the same.
template <typename T, bool Interleaved, int Vec>
struct Pairs {
  Word<T, Vec> words[2];

  static __device__ int at(int word, int half) {
    const int lane = threadIdx.x;
    return Interleaved && Vec == 1 ? 2 * lane + word : lane * Vec + word * half;
  }
  __device__ void read(const T* head, int half) {
    for (int w = 0; w < 2; ++w)
      words[w] = *reinterpret_cast<const Word<T, Vec>*>(head + at(w, half));
  }
  __device__ void write(T* head, int half) const {
    for (int w = 0; w < 2; ++w)
      *reinterpret_cast<Word<T, Vec>*>(head + at(w, half)) = words[w];
  }
};

template <typename T>
__device__ void turn(T& a, T& b, float cos, float sin) {
  const float x = float(a), y = float(b);
  a = T(x * cos - y * sin);
  b = T(y * cos + x * sin);
}

template <int Vec>
struct Angles { float cos[Vec], sin[Vec]; };

template <int Count>
__device__ void read_floats(float* to, const float* from) {
  if constexpr (Count == 1) to[0] = from[0];
  else if constexpr (Count == 2)
    *reinterpret_cast<float2*>(to) = *reinterpret_cast<const float2*>(from);
  else *reinterpret_cast<float4*>(to) = *reinterpret_cast<const float4*>(from);
}

// Eight floats of a lane are a sector, and a request has 16 bytes of it: lanes that read
// their own would ask for each sector twice. So two neighbours read 32 bytes in a row,
// twice, and give each other what the other needs.
__device__ void read_eight(float* to, const float* row, int lane) {
  const int odd = lane & 1;
  float a[4], b[4];
  read_floats<4>(a, row + 8 * lane - 4 * odd);
  read_floats<4>(b, row + 8 * lane - 4 * odd + 8);
  const int thread =
      threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned int us = 3u << (thread % 32 - odd);
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const float got = __shfl_xor_sync(us, odd ? a[j] : b[j], 1);
    to[j] = odd ? got : a[j];
    to[4 + j] = odd ? b[j] : got;
  }
}

template <bool Interleaved, int Vec>
__device__ void read_angles(float (&to)[Vec], const float* row, int lane, int half) {
  if constexpr (Vec == 1) {
    to[0] = row[lane];
  } else if constexpr (Interleaved) {  // the pairs of the first word, then of the second
    read_floats<Vec / 2>(to, row + lane * (Vec / 2));
    read_floats<Vec / 2>(to + Vec / 2, row + half / 2 + lane * (Vec / 2));
  } else if constexpr (Vec == 4) {
    read_floats<4>(to, row + lane * 4);
  } else if (blockDim.x % 2 == 0) {
    read_eight(to, row, lane);
  } else {
    read_floats<4>(to, row + lane * 8);
    read_floats<4>(to + 4, row + lane * 8 + 4);
  }
}

template <typename T, bool Interleaved, int Vec>
__device__ void rotate(Pairs<T, Interleaved, Vec>& pairs, const Angles<Vec>& by) {
  T* a = reinterpret_cast<T*>(&pairs.words[0]);
  T* b = reinterpret_cast<T*>(&pairs.words[1]);
#pragma unroll
  for (int j = 0; j < Vec; ++j) {
    if (!Interleaved || Vec == 1) turn(a[j], b[j], by.cos[j], by.sin[j]);
    else if (j < Vec / 2) turn(a[2 * j], a[2 * j + 1], by.cos[j], by.sin[j]);
    else turn(b[2 * j - Vec], b[2 * j - Vec + 1], by.cos[j], by.sin[j]);
  }
}

// A worker is threadIdx.x = 0 ... rotary / (2 * Vec) - 1: together they hold a head. Of a
// token's workers, number w walks heads w, w + workers, w + 2 * workers, q's before k's,
// and the angles stay in registers. A thread reads both sides of its pairs before it
// writes them, and nobody else touches them: no barrier. InFlight heads are loaded before
// the first is stored; those of the first round even before the angles, whose address
// waits for the position. then(head's number, head, pairs) is told of each one done.
template <typename T, bool Interleaved, int Vec, int InFlight, typename Then>
__device__ void walk(const Rope& rope, int64_t token, const Then& then) {
  const int half = rope.rotary / 2, workers = gridDim.y * blockDim.y;
  const int ks = rope.q.count, vs = ks + rope.k.count, heads = vs + rope.v.count;
  int first = blockIdx.y * blockDim.y + threadIdx.y;
  if (first >= heads) return;
  const int64_t position = rope.positions[token];
  T* head[InFlight];
  Pairs<T, Interleaved, Vec> held[InFlight];
  auto load = [&] {
#pragma unroll
    for (int i = 0; i < InFlight; ++i) {
      const int h = first + i * workers;
      if (h >= heads) continue;
      head[i] = h < ks   ? head_at<T>(rope.q, token, h)
                : h < vs ? head_at<T>(rope.k, token, h - ks)
                         : head_at<T>(rope.v, token, h - vs);
      held[i].read(head[i], half);
    }
  };
  load();
  assert(position >= 0 && position < rope.num_positions);  // cos_sin_cache has no such row
  const float* row = rope.table + position * rope.rotary;
  Angles<Vec> by;
  read_angles<Interleaved>(by.cos, row, threadIdx.x, half);
  read_angles<Interleaved>(by.sin, row + half, threadIdx.x, half);
  while (true) {
#pragma unroll
    for (int i = 0; i < InFlight; ++i) {
      const int h = first + i * workers;
      if (h >= heads) continue;
      if (h < vs) {
        rotate(held[i], by);
        held[i].write(head[i], half);
      }
      then(h, head[i], held[i]);
    }
    first += InFlight * workers;
    if (first >= heads) return;
    load();
  }
}

template <typename T, bool Interleaved, int Vec, int InFlight>
__global__ void walk_heads(const Rope rope) {
  const int64_t token = int64_t(blockIdx.x) * blockDim.z + threadIdx.z;
  if (token >= rope.num_tokens) return;
  walk<T, Interleaved, Vec, InFlight>(rope, token, [](auto...) {});
}

// How a launch is cut: heads that a worker walks, how many of them are in flight, and the
// threads that a block has at most, if one worker is not more.
struct Shape { int64_t heads, in_flight, threads; };

struct Cut { dim3 blocks, threads; };

// A block is lanes x workers x tokens: all workers of a few tokens, or some of one token.
Cut cut_for(const Rope& rope, int vec, const Shape& shape) {
  const int64_t heads = rope.q.count + rope.k.count + rope.v.count;
  const int64_t workers = ceil_div(heads, shape.heads), lanes = rope.rotary / (2 * vec);
  const int64_t room = std::max<int64_t>(shape.threads / lanes, 1);
  const int64_t parts = ceil_div(workers, room), warp = std::max<int64_t>(32 / lanes, 1);
  const int64_t even = ceil_div(ceil_div(workers, parts), warp) * warp;  // no broken warps
  const int64_t here = parts > 1 ? std::min(even, room) : workers;
  const int64_t most = parts > 1 ? 1 : std::min<int64_t>(rope.num_tokens, 64);
  const int64_t tokens = std::clamp<int64_t>(room / here, 1, most);
  return {dim3(ceil_div(rope.num_tokens, tokens), std::min<int64_t>(parts, 65535)),
          dim3(lanes, here, tokens)};
}

// launch(T(), whether pairs are interleaved, elements of a word), as types. Words are of 16
// bytes where all the heads that are touched begin and end on one.
template <typename Launch>
void with_types(const Rope& rope, std::initializer_list<Heads> touched, ScalarType type,
                bool is_neox, const Launch& launch) {
  if (rope.num_tokens == 0 || rope.q.count + rope.k.count == 0) return;
  const int vec = type == ScalarType::Float ? 4 : 8;
  bool words = rope.rotary % (2 * vec) == 0 && rope.head_size % vec == 0 &&
               reinterpret_cast<uintptr_t>(rope.table) % 16 == 0;
  for (const Heads& h : touched)
    words = words && reinterpret_cast<uintptr_t>(h.data) % 16 == 0 &&
            h.row_stride % vec == 0 && h.head_stride % vec == 0;
  auto of = [&](auto t) {
    constexpr std::integral_constant<int, 16 / sizeof(t)> word;
    constexpr std::integral_constant<int, 1> one;
    if (words && is_neox) launch(t, std::false_type(), word);
    else if (words) launch(t, std::true_type(), word);
    else if (is_neox) launch(t, std::false_type(), one);
    else launch(t, std::true_type(), one);
  };
  if (type == ScalarType::Half) of(__half());
  else if (type == ScalarType::Float) of(0.0f);
  else of(__nv_bfloat16());
}

void launch_rope(const Rope& rope, ScalarType type, bool is_neox, const Shape& shape) {
  const auto touched = {rope.q, rope.k};
  with_types(rope, touched, type, is_neox, [&](auto t, auto interleaved, auto vec) {
    using T = decltype(t);
    constexpr bool kInterleaved = interleaved.value;
    constexpr int kVec = vec.value, kTwo = kVec == 1 ? 1 : 2, kFour = kVec == 1 ? 1 : 4;
    const Cut cut = cut_for(rope, kVec, shape);
    auto* kernel = walk_heads<T, kInterleaved, kVec, 1>;
    if (shape.in_flight == 2) kernel = walk_heads<T, kInterleaved, kVec, kTwo>;
    if (shape.in_flight == 4) kernel = walk_heads<T, kInterleaved, kVec, kFour>;
    kernel<<<cut.blocks, cut.threads, 0, current_stream()>>>(rope);
  });
}
// [end walk]

// [begin rung 7]
void rope_in_flight(const Tensor& positions, Tensor query, Tensor key, int64_t head_size,
                    const Tensor& cos_sin_cache, bool is_neox, int64_t heads,
                    int64_t in_flight, int64_t threads) {
  const char* op = "rope_in_flight";
  const Rope rope = rope_of(op, positions, query, key, head_size, cos_sin_cache);
  KBK_CHECK(heads >= 1, op, ": heads must be 1 or more; it was ", heads);
  KBK_CHECK(in_flight == 1 || in_flight == 2 || in_flight == 4, op,
            ": in_flight must be 1, 2 or 4; it was ", in_flight);
  KBK_CHECK(threads >= 32 && threads <= 512, op,
            ": threads must be from 32 to 512; it was ", threads);
  launch_rope(rope, query.scalar_type(), is_neox, {heads, in_flight, threads});
}

// Few tokens: a worker a head, so that every SM has some. Many: a worker has several
// heads, and the angles are loaded as many times less.
Shape shape_for(const Rope& rope) {
  int device = 0, sms = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device);
  const int64_t heads = rope.q.count + rope.k.count + rope.v.count;
  const int64_t threads = rope.num_tokens * heads * rope.rotary / 16;
  const int64_t each = std::clamp<int64_t>(threads / (1024 * sms), 1, 4);
  return {each, each == 3 ? 2 : each, 128};
}
// [end rung 7]

// [begin rung 8]
struct Store {
  Heads k, v;  // [num_slots, heads, head_size]
  Ids slots;   // of each token; a negative one keeps nothing
};

// What a thread holds of a head of k or v goes to the cache too, and what is not rotated
// of it: a second kernel would read k again.
template <typename T, bool Interleaved, int Vec, int InFlight>
__global__ void walk_and_store(const Rope rope, const Store store) {
  const int64_t token = int64_t(blockIdx.x) * blockDim.z + threadIdx.z;
  if (token >= rope.num_tokens) return;
  const int64_t slot = store.slots[token];
  walk<T, Interleaved, Vec, InFlight>(rope, token, [&](int h, T* head, auto& pairs) {
    const int k = h - rope.q.count, v = k - rope.k.count;
    if (k < 0 || slot < 0) return;
    assert(slot < store.k.rows);  // k_buffer and v_buffer have no such row
    T* to = v < 0 ? head_at<T>(store.k, slot, k) : head_at<T>(store.v, slot, v);
    pairs.write(to, rope.rotary / 2);
    for (int i = rope.rotary + threadIdx.x * Vec; i < rope.head_size; i += blockDim.x * Vec)
      *reinterpret_cast<Word<T, Vec>*>(to + i) = *reinterpret_cast<Word<T, Vec>*>(head + i);
  });
}

// value, k_buffer, v_buffer and cache_loc: all of them, or none.
void apply_rope_with_cos_sin_cache_inplace(
    const Tensor& positions, Tensor query, Tensor key, int64_t head_size,
    const Tensor& cos_sin_cache, bool is_neox, const std::optional<Tensor>& value,
    std::optional<Tensor> k_buffer, std::optional<Tensor> v_buffer,
    const std::optional<Tensor>& cache_loc) {
  const char* op = "apply_rope_with_cos_sin_cache_inplace";
  Rope rope = rope_of(op, positions, query, key, head_size, cos_sin_cache);
  const ScalarType type = query.scalar_type();
  if (!value && !k_buffer && !v_buffer && !cache_loc)
    return launch_rope(rope, type, is_neox, shape_for(rope));
  KBK_CHECK(value && k_buffer && v_buffer && cache_loc, op,
            ": value, k_buffer, v_buffer and cache_loc must come together; one is None");
  rope.v = heads_of(op, "value", *value, query, head_size);
  const Heads k = heads_of(op, "k_buffer", *k_buffer, query, head_size);
  const Heads v = heads_of(op, "v_buffer", *v_buffer, query, head_size);
  KBK_CHECK(rope.v.rows == rope.num_tokens && rope.v.count == rope.k.count, op,
            ": value must have the tokens and heads of key, ", rope.num_tokens, " and ",
            rope.k.count, "; its shape is ", value->sizes());
  KBK_CHECK(k.count == rope.k.count && v.count == k.count && v.rows == k.rows, op,
            ": k_buffer and v_buffer must have the heads of key, ", rope.k.count, ", and ",
            "the same rows; their shapes are ", k_buffer->sizes(), " and ",
            v_buffer->sizes());
  const Store store = {k, v, ids_of(op, "cache_loc", *cache_loc, rope.num_tokens)};
  const auto touched = {rope.q, rope.k, rope.v, k, v};
  with_types(rope, touched, type, is_neox, [&](auto t, auto interleaved, auto vec) {
    const Cut cut = cut_for(rope, vec, shape_for(rope));
    walk_and_store<decltype(t), interleaved.value, vec.value, 2>
        <<<cut.blocks, cut.threads, 0, current_stream()>>>(rope, store);
  });
}
// [end rung 8]
