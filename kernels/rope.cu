// RoPE, as SGLang serves it: rungs 7 and 8; kernels/rope_rungs.cu has those before. Every
// head of query and key becomes, in place, with the cosine and the sine of pair i at the
// token's position,
//
//     a, b = is_neox ? x[i], x[i + rotary / 2] : x[2 * i], x[2 * i + 1];
//     a, b = a * cos - b * sin, b * cos + a * sin;  // in float32, rounded once
//
//   rung 7  rope_in_flight      several heads in flight; more or fewer workers a token;
//                               sizes of a head known when compiled
//   rung 8  apply_rope_with_cos_sin_cache_inplace
//                               any layout; keeps rotated k and raw v in a cache, if asked
//
// kernels/rope_call.h checks the arguments.

#include <cassert>

#include "rope_call.h"

// [begin walk]
// What a thread moves at a time: 16 bytes of Vec elements, or where that cannot be, one.
template <typename T, int Vec>
using Word = std::conditional_t<Vec == 1, T, uint4>;

// A thread holds Vec pairs of a head as two words, at begin() and apart() elements further.
// As halves, the words are the two sides of the pairs; interleaved, each word has Vec / 2
// pairs in it. The places are the same.
template <typename T, bool Interleaved, int Vec>
struct Pairs {
  Word<T, Vec> words[2];

  static __device__ int begin() {
    return Interleaved && Vec == 1 ? 2 * threadIdx.x : threadIdx.x * Vec;
  }
  static __device__ int apart(int half) { return Interleaved && Vec == 1 ? 1 : half; }
  __device__ void read(const T* mine, int half) {
    words[0] = *reinterpret_cast<const Word<T, Vec>*>(mine);
    words[1] = *reinterpret_cast<const Word<T, Vec>*>(mine + apart(half));
  }
  __device__ void write(T* mine, int half) const {
    *reinterpret_cast<Word<T, Vec>*>(mine) = words[0];
    *reinterpret_cast<Word<T, Vec>*>(mine + apart(half)) = words[1];
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

// Eight floats of a lane are a sector, and each of its two requests asks for it. Rung 6
// has neighbours share them instead; a few instructions more, and slower where a worker
// has few heads.
template <bool Interleaved, int Vec>
__device__ void read_angles(float (&to)[Vec], const float* row, int half) {
  const int lane = threadIdx.x;
  if constexpr (Interleaved && Vec > 1) {  // of the first word's pairs, then the second's
    read_floats<Vec / 2>(to, row + lane * (Vec / 2));
    read_floats<Vec / 2>(to + Vec / 2, row + half / 2 + lane * (Vec / 2));
  } else {
    read_floats<Vec>(to, row + lane * Vec);
    if constexpr (Vec == 8) read_floats<4>(to + 4, row + lane * 8 + 4);
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

// Head: all of a head of so many elements is rotated, and the next head follows at once.
// What is known when compiled costs no instruction and no parameter. 0: nothing is known.
template <int Head>
struct Sizes {
  static constexpr int rotary = Head, head_size = Head, q_step = Head, k_step = Head;
};

template <>
struct Sizes<0> { int rotary, head_size; int64_t q_step, k_step; };

// What a kernel is told; Index is int32_t, int64_t, or void for Ids. With a cold cache
// every 64 bytes of it cost time.
template <typename T, int Head, typename Index>
struct Rope : Sizes<Head> {
  static constexpr bool known = Head > 0;
  using Element = T;
  T *q, *k;
  std::conditional_t<known, const Index*, Ids> positions;
  const float* table;
  int64_t q_row, k_row, num_tokens, num_positions;
  int q_heads, heads;  // of q; of q and k

  explicit Rope(const Call& call)
      : q(static_cast<T*>(call.q.data)), k(static_cast<T*>(call.k.data)),
        table(call.table), q_row(call.q.row_stride), k_row(call.k.row_stride),
        num_tokens(call.num_tokens), num_positions(call.num_positions),
        q_heads(call.q.count), heads(call.q.count + call.k.count) {
    if constexpr (known) {
      positions = static_cast<const Index*>(call.positions.data);
    } else {
      positions = call.positions;
      this->rotary = call.rotary, this->head_size = call.head_size;
      this->q_step = call.q.head_stride, this->k_step = call.k.head_stride;
    }
  }
};

// A function of its own, not inlined: an assert inside the walk would be a dozen cold
// instructions in the middle of those that every thread fetches.
__noinline__ __device__ void no_row(int64_t position, int64_t num_positions) {
  assert(position >= 0 && position < num_positions);  // cos_sin_cache has no such row
}

// A worker is threadIdx.x = 0 ... rotary / (2 * Vec) - 1: together they hold a head. Of a
// token's workers, number w walks heads w, w + workers, w + 2 * workers, q's before k's,
// then more heads of other(head's number), which are not rotated. The angles stay in
// registers. A thread reads both sides of its pairs before it writes them, and nobody else
// touches them: no barrier. InFlight heads are loaded before the first of them is stored,
// those of the first round even before the angles, whose address waits for the position;
// Ahead, those of the next round too. then(number, where, pairs) is told of each one done.
template <bool Interleaved, int Vec, int InFlight, bool Ahead, typename R, typename Other,
          typename Then>
__device__ void walk(const R& rope, int64_t token, int more, const Other& other,
                     const Then& then) {
  using T = typename R::Element;
  using Held = Pairs<T, Interleaved, Vec>;
  const int half = rope.rotary / 2, workers = gridDim.y * blockDim.y;
  const int heads = rope.heads + more;
  int first = blockIdx.y * blockDim.y + threadIdx.y;
  if (first >= heads) return;
  const int64_t position = rope.positions[token];
  T* const q = rope.q + token * rope.q_row + Held::begin();
  T* const k = rope.k + token * rope.k_row + Held::begin() - rope.q_heads * rope.k_step;
  auto at = [&](int h) {
    if (h >= rope.heads) return other(h - rope.heads);
    if constexpr (R::known) return (h < rope.q_heads ? q : k) + h * rope.q_step;
    else return h < rope.q_heads ? q + h * rope.q_step : k + h * rope.k_step;
  };
  auto load = [&](Held (&to)[InFlight], int from) {
#pragma unroll
    for (int i = 0; i < InFlight; ++i) {
      const int h = from + i * workers;
      if (h < heads) to[i].read(at(h), half);
    }
  };
  Held held[InFlight];
  load(held, first);
  if (uint64_t(position) >= uint64_t(rope.num_positions)) {
    no_row(position, rope.num_positions);
    __trap();  // no way back, so that nothing is kept for it
  }
  const float* row = rope.table + position * rope.rotary;
  Angles<Vec> by;
  read_angles<Interleaved>(by.cos, row, half);
  read_angles<Interleaved>(by.sin, row + half, half);
  while (true) {
    const int next = first + InFlight * workers;
    Held later[InFlight];
    if constexpr (Ahead) load(later, next);
#pragma unroll
    for (int i = 0; i < InFlight; ++i) {
      const int h = first + i * workers;
      if (h >= heads) continue;
      T* const mine = at(h);
      if (h < rope.heads) {
        rotate(held[i], by);
        held[i].write(mine, half);
      }
      then(h, mine, held[i]);
    }
    if (next >= heads) return;
    first = next;
    if constexpr (!Ahead) load(held, first);
    else for (int i = 0; i < InFlight; ++i) held[i] = later[i];
  }
}

template <bool Interleaved, int Vec, int InFlight, bool Ahead, typename R>
__global__ void walk_heads(const R rope) {
  const int64_t token = int64_t(blockIdx.x) * blockDim.z + threadIdx.z;
  if (token >= rope.num_tokens) return;
  using T = typename R::Element;
  walk<Interleaved, Vec, InFlight, Ahead>(
      rope, token, 0, [](int) { return static_cast<T*>(nullptr); }, [](auto...) {});
}

// How a launch is cut: heads that a worker walks, how many of them are in flight, whether
// the next ones are loaded ahead, and the threads that a block has at most, if one worker
// is not more.
struct Shape { int64_t heads, in_flight; bool ahead; int64_t threads; };

struct Cut { dim3 blocks, threads; };

// A block is lanes x workers x tokens: all workers of a few tokens, or some of one token.
Cut cut_for(int64_t tokens, int64_t heads, int64_t lanes, const Shape& shape) {
  const int64_t workers = ceil_div(heads, shape.heads);
  const int64_t room = std::max<int64_t>(shape.threads / lanes, 1);
  const int64_t parts = ceil_div(workers, room), warp = std::max<int64_t>(32 / lanes, 1);
  const int64_t even = ceil_div(ceil_div(workers, parts), warp) * warp;  // no broken warps
  const int64_t here = parts > 1 ? std::min(even, room) : workers;
  const int64_t most = parts > 1 ? 1 : std::min<int64_t>(tokens, 64);
  const int64_t each = std::clamp<int64_t>(room / here, 1, most);
  return {dim3(ceil_div(tokens, each), std::min<int64_t>(parts, 65535)),
          dim3(lanes, here, each)};
}

// kernel<<<>>>(rope, more...) over so many heads of each token.
template <typename Kernel, typename R, typename... More>
void launch(Kernel* kernel, const R& rope, int64_t heads, int vec, const Shape& shape,
            const More&... more) {
  if (rope.num_tokens == 0 || rope.heads == 0) return;
  const Cut cut = cut_for(rope.num_tokens, heads, rope.rotary / (2 * vec), shape);
  kernel<<<cut.blocks, cut.threads, 0, current_stream()>>>(rope, more...);
}
// [end walk]

// [begin rung 7]
// Any shape, for the common layout in bfloat16: served ones are a choice of these.
template <int Head>
void launch_shape(const Call& call, const Shape& shape) {
  using R = Rope<__nv_bfloat16, Head, int64_t>;
  const int64_t which = 2 * shape.in_flight + shape.ahead;
  auto* kernel = walk_heads<false, 8, 1, false, R>;
  if (which == 4) kernel = walk_heads<false, 8, 2, false, R>;
  if (which == 5) kernel = walk_heads<false, 8, 2, true, R>;
  if (which == 6) kernel = walk_heads<false, 8, 3, false, R>;
  if (which == 7) kernel = walk_heads<false, 8, 3, true, R>;
  launch(kernel, R(call), call.q.count + call.k.count, 8, shape);
}

void rope_in_flight(const Tensor& positions, Tensor query, Tensor key, int64_t head_size,
                    const Tensor& cos_sin_cache, int64_t heads, int64_t in_flight,
                    bool ahead, int64_t threads) {
  const char* op = "rope_in_flight";
  const Call call = call_of(op, positions, query, key, head_size, cos_sin_cache);
  KBK_CHECK(query.scalar_type() == ScalarType::BFloat16 && call.positions.wide, op,
            ": query must be bfloat16 and positions int64; their dtypes are ",
            query.scalar_type(), " and ", positions.scalar_type());
  KBK_CHECK(packed(call, 64) || packed(call, 128), op, ": query and key must have heads ",
            "of 64 or 128, one behind the other on 16-byte addresses, all rotated; ",
            "head_size was ", head_size, ", rotary_dim ", call.rotary, ", the strides ",
            query.strides(), " and ", key.strides());
  KBK_CHECK(heads >= 1, op, ": heads must be 1 or more; it was ", heads);
  KBK_CHECK(in_flight >= (ahead ? 2 : 1) && in_flight <= 3, op,
            ": in_flight must be 1, 2 or 3, and ahead 2 or 3; it was ", in_flight);
  KBK_CHECK(threads >= 32 && threads <= 512, op,
            ": threads must be from 32 to 512; it was ", threads);
  const Shape shape = {heads, in_flight, ahead, threads};
  head_size == 64 ? launch_shape<64>(call, shape) : launch_shape<128>(call, shape);
}

// Few heads: two a worker, both loaded at once, so that every SM has some. Many: several
// a worker, and the angles are loaded as many times less.
Shape shape_for(const Call& call, int64_t heads) {
  int device = 0, sms = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device);
  const int64_t full = 1024 * int64_t(sms);  // threads that an SM is well filled with
  const int64_t threads = call.num_tokens * heads * call.rotary / 32;
  if (threads <= full) return {2, 2, false, 128};
  if (threads <= 8 * full) return {4, 2, true, 256};
  return {5, 3, true, 128};
}
// [end rung 7]

// [begin rung 8]
// with(Rope, whether pairs are interleaved, elements of a word), as types. Words are of 16
// bytes where all the heads that are touched begin and end on one.
template <typename With>
void with_types(const Call& call, std::initializer_list<Heads> touched, ScalarType type,
                bool is_neox, const With& with) {
  const int vec = type == ScalarType::Float ? 4 : 8;
  bool words = call.rotary % (2 * vec) == 0 && call.head_size % vec == 0 &&
               reinterpret_cast<uintptr_t>(call.table) % 16 == 0;
  for (const Heads& h : touched)
    words = words && reinterpret_cast<uintptr_t>(h.data) % 16 == 0 &&
            h.row_stride % vec == 0 && h.head_stride % vec == 0;
  auto of = [&](auto t) {
    using T = decltype(t);
    constexpr std::integral_constant<int, 16 / sizeof(T)> word;
    constexpr std::integral_constant<int, 1> one;
    constexpr std::false_type halves;
    constexpr std::true_type interleaved;
    if constexpr (sizeof(T) == 2) {
      auto known = [&](auto head) {
        constexpr int kHead = head.value;
        if (call.positions.wide) with(Rope<T, kHead, int64_t>(call), halves, word);
        else with(Rope<T, kHead, int32_t>(call), halves, word);
      };
      if (words && is_neox && packed(call, 128))
        return known(std::integral_constant<int, 128>());
      if (words && is_neox && packed(call, 64))
        return known(std::integral_constant<int, 64>());
    }
    const Rope<T, 0, void> rope(call);
    if (words && is_neox) with(rope, halves, word);
    else if (words) with(rope, interleaved, word);
    else if (is_neox) with(rope, halves, one);
    else with(rope, interleaved, one);
  };
  if (type == ScalarType::Half) of(__half());
  else if (type == ScalarType::Float) of(0.0f);
  else of(__nv_bfloat16());
}

void launch_rope(const Call& call, ScalarType type, bool is_neox) {
  const int64_t heads = call.q.count + call.k.count;
  const Shape shape = shape_for(call, heads);
  with_types(call, {call.q, call.k}, type, is_neox, [&](auto rope, auto pairs, auto vec) {
    using R = decltype(rope);
    auto* kernel = walk_heads<pairs.value, vec.value, 2, false, R>;
    if constexpr (R::known) {  // others have two in flight, never ahead
      if (shape.in_flight == 2 && shape.ahead) kernel = walk_heads<false, 8, 2, true, R>;
      if (shape.in_flight == 3) kernel = walk_heads<false, 8, 3, true, R>;
    }
    launch(kernel, rope, heads, vec.value, shape);
  });
}

struct Store {
  Heads value, k, v;  // of each token; of k_buffer and v_buffer, [num_slots, ...]
  Ids slots;          // of each token; a negative one keeps nothing
};

// What a thread holds of a head of k or v goes to the cache too, and what is not rotated
// of it: a second kernel would read k again.
template <bool Interleaved, int Vec, typename R>
__global__ void walk_and_store(const R rope, const Store store) {
  using T = typename R::Element;
  const int64_t token = int64_t(blockIdx.x) * blockDim.z + threadIdx.z;
  if (token >= rope.num_tokens) return;
  const int64_t slot = store.slots[token];
  const int begin = Pairs<T, Interleaved, Vec>::begin();
  auto value = [&](int h) { return head_at<T>(store.value, token, h) + begin; };
  auto keep = [&](int h, T* mine, auto& pairs) {
    const int k = h - rope.q_heads, v = h - rope.heads;
    if (k < 0 || slot < 0) return;
    assert(slot < store.k.rows);  // k_buffer and v_buffer have no such row
    T* to = begin + (v < 0 ? head_at<T>(store.k, slot, k) : head_at<T>(store.v, slot, v));
    pairs.write(to, rope.rotary / 2);
    int i = rope.rotary + threadIdx.x * Vec;
    for (; i < rope.head_size; i += blockDim.x * Vec)
      *reinterpret_cast<Word<T, Vec>*>(to + i - begin) =
          *reinterpret_cast<Word<T, Vec>*>(mine + i - begin);
  };
  walk<Interleaved, Vec, 2, false>(rope, token, rope.heads - rope.q_heads, value, keep);
}

// value, k_buffer, v_buffer and cache_loc: all of them, or none.
void apply_rope_with_cos_sin_cache_inplace(
    const Tensor& positions, Tensor query, Tensor key, int64_t head_size,
    const Tensor& cos_sin_cache, bool is_neox, const std::optional<Tensor>& value,
    std::optional<Tensor> k_buffer, std::optional<Tensor> v_buffer,
    const std::optional<Tensor>& cache_loc) {
  const char* op = "apply_rope_with_cos_sin_cache_inplace";
  const Call call = call_of(op, positions, query, key, head_size, cos_sin_cache);
  const ScalarType type = query.scalar_type();
  if (!value && !k_buffer && !v_buffer && !cache_loc)
    return launch_rope(call, type, is_neox);
  KBK_CHECK(value && k_buffer && v_buffer && cache_loc, op,
            ": value, k_buffer, v_buffer and cache_loc must come together; one is None");
  const Heads held = heads_of(op, "value", *value, query, head_size);
  const Heads k = heads_of(op, "k_buffer", *k_buffer, query, head_size);
  const Heads v = heads_of(op, "v_buffer", *v_buffer, query, head_size);
  KBK_CHECK(held.rows == call.num_tokens && held.count == call.k.count, op,
            ": value must have the tokens and heads of key, ", call.num_tokens, " and ",
            call.k.count, "; its shape is ", value->sizes());
  KBK_CHECK(k.count == call.k.count && v.count == k.count && v.rows == k.rows, op,
            ": k_buffer and v_buffer must have the heads of key, ", held.count, ", and ",
            "the same rows; their shapes are ", k_buffer->sizes(), " and ",
            v_buffer->sizes());
  const Store store = {held, k, v, ids_of(op, "cache_loc", *cache_loc, call.num_tokens)};
  const int64_t heads = call.q.count + 2 * call.k.count;
  const Shape shape = shape_for(call, heads);
  with_types(call, {call.q, call.k, held, k, v}, type, is_neox,
             [&](auto rope, auto pairs, auto vec) {
               launch(walk_and_store<pairs.value, vec.value, decltype(rope)>, rope, heads,
                      vec.value, shape, store);
             });
}
// [end rung 8]
