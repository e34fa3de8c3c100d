// Activation: act(gate) * up, from two kernels to a flat one at the memory ceiling.
//
// A row of input holds d gates, then d ups. Every function here computes, for each row,
//
//     for (int64_t i = 0; i < d; ++i) out[i] = act(input[i]) * input[d + i];
//
// in float32, rounded once to the dtype of out (in rung 1 twice).
//
//   rung 1  silu_then_mul          two kernels, as eager does: 5 elements moved for 3
//   rung 2  silu_one_per_thread    fused, one thread an element
//   rung 3  silu_block_per_token   one block a row, any dtype
//   rung 4  silu_vectors           16 bytes an access, where three addresses allow it
//   rung 5  silu_redone_tail       the tail that does finished work again: loses
//   rung 6  silu_flat              one thread a vector, whatever its row
//   rung 7  silu_in_flight         several vectors in flight; fast maths, which loses
//           silu_and_mul, gelu_and_mul, gelu_tanh_and_mul
//
// The regions between [begin ...] and [end ...] also stand in book/02_activation.md.

// [begin maths]
#include <algorithm>
#include <vector>

using bf16 = __nv_bfloat16;

// Float32 inside: an element is widened as it comes and rounded once as it goes.
__device__ float widen(float x) { return x; }
__device__ float widen(__half x) { return __half2float(x); }
__device__ float widen(bf16 x) { return __bfloat162float(x); }
__device__ void round_to(float& to, float x) { to = x; }
__device__ void round_to(__half& to, float x) { to = __float2half_rn(x); }
__device__ void round_to(bf16& to, float x) { to = __float2bfloat16_rn(x); }

// x / (1 + exp(-z)), by the exponential of -|z|: it cannot overflow, and the divisor is
// from 1 to 2, where the fast division is within 2 units of the last place.
__device__ float times_sigmoid(float x, float z) {
  const float e = expf(-fabsf(z));
  return __fdividef(z < 0.0f ? x * e : x, 1.0f + e);
}

struct Silu {
  static __device__ float of(float x) { return times_sigmoid(x, x); }
};

// x / 2 * (1 + erf(x / sqrt(2))). 1 + erf(a) = erfc(-a): the sum cancels near -1.
struct Gelu {
  static __device__ float of(float x) { return x * (0.5f * erfcf(x * -0.70710678f)); }
};

// x / 2 * (1 + tanh(u)). (1 + tanh(u)) / 2 = 1 / (1 + exp(-2 u)), which does not cancel.
struct GeluTanh {
  static __device__ float of(float x) {
    return times_sigmoid(x, 1.59576912f * (x + 0.044715f * x * x * x));
  }
};

// The activations of one word of gates, times one word of ups. A word of one T is a T.
template <typename Act, typename T, typename Word>
__device__ Word combine(Word gates, Word ups) {
  constexpr int kEach = sizeof(Word) / sizeof(T);
  T gate[kEach], up[kEach];
  memcpy(gate, &gates, sizeof(Word));
  memcpy(up, &ups, sizeof(Word));
#pragma unroll
  for (int k = 0; k < kEach; ++k)
    round_to(gate[k], Act::of(widen(gate[k])) * widen(up[k]));
  memcpy(&gates, gate, sizeof(Word));
  return gates;
}
// [end maths]

// [begin door]
constexpr int kThreads = 256;  // threads a block, where a rung does not choose its own

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// What a call works on, in elements: row t of out begins at out + t * out_step.
struct Rows {
  int64_t tokens, d, out_step, input_step;
  uint64_t inverse;  // for place()
};

// m of i / d as a multiplication: with m = (2^64 - 1) / d, rounded down, i / d is the high
// half of (i + 1) * m while (i + 1) * d is at most 2^64. For one row 0 will do.
uint64_t inverse_of(int64_t tokens, int64_t d) { return tokens > 1 ? UINT64_MAX / d : 0; }

// The one step between the rows of t, whatever its leading dimensions are; 0 for one row.
int64_t step_of(const char* op, const char* name, const Tensor& t) {
  int64_t step = 0, rows = 1;
  bool even = t.size(-1) <= 1 || t.stride(-1) == 1;
  for (int64_t i = t.dim() - 2; i >= 0; --i) {
    if (t.size(i) == 1) continue;
    if (rows == 1) step = t.stride(i);
    even = even && t.stride(i) == rows * step;
    rows *= t.size(i);
  }
  KBK_CHECK(even, op, ": ", name, " must have rows without gaps, in even steps; its ",
            "shape is ", t.sizes(), " and its strides are ", t.strides());
  return step;
}

// Whether a row of out, which begins past bytes after input, shares memory with input.
// Columns beside input in a wider tensor do not.
bool overlap(const Rows& rows, int64_t past, int64_t size) {
  const int64_t half = rows.d * size, step = rows.out_step * size;
  if (past >= (rows.tokens - 1) * rows.input_step * size + 2 * half) return false;
  if (-past >= (rows.tokens - 1) * step + half) return false;
  if (rows.tokens == 1 || rows.input_step != rows.out_step) return true;
  const int64_t column = (past % step + step) % step;
  return column < 2 * half || column + half > step;
}

// A call that cannot be done says which argument, what it must be and what it was.
Rows check_call(const char* op, const Tensor& out, const Tensor& input) {
  const ScalarType dtype = input.scalar_type();
  KBK_CHECK(dtype == ScalarType::Float || dtype == ScalarType::Half ||
                dtype == ScalarType::BFloat16,
            op, ": input must be float32, float16 or bfloat16; its dtype is ", dtype);
  KBK_CHECK(input.dim() >= 1 && input.size(-1) % 2 == 0, op,
            ": input must have a last dimension of 2 * d; its shape is ", input.sizes());
  KBK_CHECK(out.scalar_type() == dtype, op, ": out must have the dtype of input, ", dtype,
            "; its dtype is ", out.scalar_type());
  std::vector<int64_t> shape(input.sizes().begin(), input.sizes().end());
  shape.back() /= 2;
  KBK_CHECK(out.sizes().equals(shape), op, ": out must have the shape ", shape,
            "; its shape is ", out.sizes());
  const int64_t d = shape.back(), tokens = out.numel() == 0 ? 0 : out.numel() / d;
  if (tokens == 0) return {0, d, 0, 0, 0};
  KBK_CHECK(tokens == 1 || uint64_t(out.numel()) <= UINT64_MAX / d, op,
            ": input must have rows * d * d below 2^64; its shape is ", input.sizes());
  const Rows rows{tokens, d, step_of(op, "out", out), step_of(op, "input", input),
                  inverse_of(tokens, d)};
  KBK_CHECK(tokens == 1 || rows.out_step >= d, op,
            ": out must have rows that do not overlap; its shape is ", out.sizes(),
            " and its strides are ", out.strides());
  const int64_t past = int64_t(out.data_ptr()) - int64_t(input.data_ptr());
  KBK_CHECK(!overlap(rows, past, int64_t(input.element_size())), op,
            ": out must not overlap input; it begins ", std::abs(past), " bytes ",
            past < 0 ? "before" : "after", " input");
  return rows;
}

Rows check_bf16(const char* op, const Tensor& out, const Tensor& input) {
  KBK_CHECK(input.scalar_type() == ScalarType::BFloat16, op,
            ": input must be bfloat16; its dtype is ", input.scalar_type());
  return check_call(op, out, input);
}

template <typename T>
void launch(void (*kernel)(T*, const T*, Rows), const Tensor& out, const Tensor& input,
            const Rows& rows, int64_t blocks, int64_t threads) {
  kernel<<<blocks, threads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(input.data_ptr()), rows);
}
// [end door]

// [begin rung 1]
// Where element i of out is, and its gate in input; its up is d elements further.
struct Place {
  int64_t out, gate;
};

__device__ Place place(const Rows& rows, int64_t i) {
  const int64_t token = __umul64hi(i + 1, rows.inverse);
  return {i + token * (rows.out_step - rows.d), i + token * (rows.input_step - rows.d)};
}

// As eager does: the activation as a tensor, here in out, and then the product. Each
// kernel reads and writes whole tensors, and memory holds the activation rounded.
__global__ void silu_kernel(bf16* out, const bf16* input, Rows rows) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= rows.tokens * rows.d) return;
  const Place at = place(rows, i);
  round_to(out[at.out], Silu::of(widen(input[at.gate])));
}

__global__ void mul_kernel(bf16* out, const bf16* input, Rows rows) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= rows.tokens * rows.d) return;
  const Place at = place(rows, i);
  round_to(out[at.out], widen(out[at.out]) * widen(input[at.gate + rows.d]));
}

void silu_then_mul(Tensor out, const Tensor& input) {
  const Rows rows = check_bf16("silu_then_mul", out, input);
  if (rows.tokens == 0) return;
  const int64_t blocks = ceil_div(rows.tokens * rows.d, kThreads);
  launch(silu_kernel, out, input, rows, blocks, kThreads);
  launch(mul_kernel, out, input, rows, blocks, kThreads);
}
// [end rung 1]

// [begin rung 2]
// Fused: one thread an element of out. The activation stays in a register, in float32.
__global__ void one_per_thread(bf16* out, const bf16* input, Rows rows) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= rows.tokens * rows.d) return;
  const Place at = place(rows, i);
  out[at.out] = combine<Silu, bf16>(input[at.gate], input[at.gate + rows.d]);
}

void silu_one_per_thread(Tensor out, const Tensor& input) {
  const Rows rows = check_bf16("silu_one_per_thread", out, input);
  if (rows.tokens == 0) return;
  const int64_t blocks = ceil_div(rows.tokens * rows.d, kThreads);
  launch(one_per_thread, out, input, rows, blocks, kThreads);
}
// [end rung 2]

// [begin rung 3]
// One block a row: no division, for the row is the block's number. Few rows use few SMs.
template <typename T>
__global__ void block_per_token(T* out, const T* input, Rows rows) {
  const T* gate = input + blockIdx.x * rows.input_step;
  T* to = out + blockIdx.x * rows.out_step;
  for (int64_t i = threadIdx.x; i < rows.d; i += blockDim.x)
    to[i] = combine<Silu, T>(gate[i], gate[rows.d + i]);
}

// Calls run(T()) for the C++ type T of t's elements.
template <typename Run>
void for_dtype(const Tensor& t, const Run& run) {
  switch (t.scalar_type()) {
    case ScalarType::Half: return run(__half());
    case ScalarType::BFloat16: return run(bf16());
    default: return run(float());
  }
}

void silu_block_per_token(Tensor out, const Tensor& input) {
  const Rows rows = check_call("silu_block_per_token", out, input);
  if (rows.tokens == 0) return;
  for_dtype(input, [&](auto zero) {
    using T = decltype(zero);
    const int64_t threads = std::min<int64_t>(rows.d, 1024);
    launch(block_per_token<T>, out, input, rows, rows.tokens, threads);
  });
}
// [end rung 3]

// [begin rung 4]
template <typename Word, typename T>
__device__ Word load(const T* from) { return *reinterpret_cast<const Word*>(from); }
template <typename Word, typename T>
__device__ void store(T* to, const Word& word) { *reinterpret_cast<Word*>(to) = word; }

// Rung 3 by words: sizeof(Word) / sizeof(T) elements an access.
template <typename T, typename Word>
__global__ void vectors(T* out, const T* input, Rows rows) {
  constexpr int kEach = sizeof(Word) / sizeof(T);
  const T* gate = input + blockIdx.x * rows.input_step;
  T* to = out + blockIdx.x * rows.out_step;
  for (int64_t i = threadIdx.x * kEach; i < rows.d; i += blockDim.x * kEach)
    store(to + i, combine<Silu, T>(load<Word>(gate + i), load<Word>(gate + rows.d + i)));
}

// The widest word, at most 16 bytes, on whose multiples all rows begin: those of out,
// those of the gates, and those of the ups, d elements further. Where d is 3,420 halves,
// the ups begin 8 bytes past a multiple of 16.
int64_t common_word(const Tensor& out, const Tensor& input, const Rows& rows) {
  const int64_t elements = rows.d | rows.out_step | rows.input_step;
  const uintptr_t bits = reinterpret_cast<uintptr_t>(out.data_ptr()) |
                         reinterpret_cast<uintptr_t>(input.data_ptr()) |
                         uintptr_t(elements) * input.element_size() | 16;
  return bits & (~bits + 1);  // the lowest set bit
}

// Calls run(T(), Word()): Word has 16 or 8 bytes if all rows allow it, else it is T.
template <typename Run>
void for_word(const Tensor& out, const Tensor& input, const Rows& rows, const Run& run) {
  const int64_t word = common_word(out, input, rows);
  for_dtype(input, [&](auto zero) {
    if (word == 16) run(zero, uint4());
    else if (word == 8) run(zero, uint2());
    else run(zero, zero);
  });
}

void silu_vectors(Tensor out, const Tensor& input) {
  const Rows rows = check_call("silu_vectors", out, input);
  if (rows.tokens == 0) return;
  for_word(out, input, rows, [&](auto zero, auto word) {
    using T = decltype(zero);
    const int64_t threads = std::min<int64_t>(rows.d * sizeof(T) / sizeof(word), 1024);
    launch(vectors<T, decltype(word)>, out, input, rows, rows.tokens, threads);
  });
}
// [end rung 4]

// [begin rung 5]
// Rung 4 with a tail for what the vectors leave. It begins at the last multiple of
// blockDim.x vectors: but the loop has gone on from there, up to the last vector.
__global__ void redone_tail(bf16* out, const bf16* input, Rows rows) {
  const bf16* gate = input + blockIdx.x * rows.input_step;
  const bf16* up = gate + rows.d;
  bf16* to = out + blockIdx.x * rows.out_step;
  for (int64_t i = threadIdx.x * 8; i < rows.d; i += blockDim.x * 8)
    store(to + i, combine<Silu, bf16>(load<uint4>(gate + i), load<uint4>(up + i)));
  const int64_t left = rows.d % (blockDim.x * 8);
  for (int64_t i = rows.d - left + threadIdx.x; i < rows.d; i += blockDim.x)
    to[i] = combine<Silu, bf16>(gate[i], up[i]);
}

void silu_redone_tail(Tensor out, const Tensor& input) {
  const Rows rows = check_bf16("silu_redone_tail", out, input);
  if (rows.tokens == 0) return;
  if (common_word(out, input, rows) < 16) return silu_vectors(out, input);
  const int64_t threads = std::min<int64_t>(rows.d / 8, 1024);
  launch(redone_tail, out, input, rows, rows.tokens, threads);
}
// [end rung 5]

// [begin rung 6]
// One thread a word of out, in one row of threads over all tokens: one token of 14,336
// halves is 7 blocks, and a block may hold the end of a row and the start of the next.
template <typename Act, typename T, typename Word>
__global__ void flat(T* out, const T* input, Rows rows) {
  const int64_t thread = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  const int64_t i = thread * (sizeof(Word) / sizeof(T));
  if (i >= rows.tokens * rows.d) return;
  const Place at = place(rows, i);
  const T* gate = input + at.gate;
  store(out + at.out, combine<Act, T>(load<Word>(gate), load<Word>(gate + rows.d)));
}

template <typename Act>
void run_flat(const char* op, const Tensor& out, const Tensor& input, int64_t threads) {
  const Rows rows = check_call(op, out, input);
  if (rows.tokens == 0) return;
  for_word(out, input, rows, [&](auto zero, auto word) {
    using T = decltype(zero);
    const int64_t words = rows.tokens * rows.d * sizeof(T) / sizeof(word);
    const int64_t blocks = ceil_div(words, threads);
    launch(flat<Act, T, decltype(word)>, out, input, rows, blocks, threads);
  });
}

void silu_flat(Tensor out, const Tensor& input) {
  run_flat<Silu>("silu_flat", out, input, kThreads);
}
// [end rung 6]

// [begin rung 7]
// A block takes InFlight * blockDim.x vectors of out, in a row; a thread loads all its
// gates and ups before the first exponential waits for them.
template <typename Act, int InFlight>
__global__ void several(bf16* out, const bf16* input, Rows rows) {
  const int64_t first = int64_t(blockIdx.x) * InFlight * blockDim.x + threadIdx.x;
  const int64_t vectors = rows.tokens * rows.d / 8;
  uint4 gates[InFlight], ups[InFlight];
  bf16* to[InFlight];
#pragma unroll
  for (int k = 0; k < InFlight; ++k) {
    if (first + k * blockDim.x >= vectors) break;
    const Place at = place(rows, (first + k * blockDim.x) * 8);
    to[k] = out + at.out;
    gates[k] = load<uint4>(input + at.gate);
    ups[k] = load<uint4>(input + at.gate + rows.d);
  }
#pragma unroll
  for (int k = 0; k < InFlight; ++k)
    if (first + k * blockDim.x < vectors)
      store(to[k], combine<Act, bf16>(gates[k], ups[k]));
}

// Fewer instructions for fewer digits. Sounds good: see what it gains where memory waits.
struct FastSilu {
  static __device__ float of(float x) { return __fdividef(x, 1.0f + __expf(-x)); }
};

void silu_in_flight(Tensor out, const Tensor& input, int64_t in_flight, int64_t threads,
                    bool fast) {
  const Rows rows = check_bf16("silu_in_flight", out, input);
  KBK_CHECK(in_flight == 1 || in_flight == 2 || in_flight == 4,
            "silu_in_flight: in_flight must be 1, 2 or 4; it was ", in_flight);
  KBK_CHECK(threads >= 32 && threads <= 1024 && threads % 32 == 0,
            "silu_in_flight: threads must be a multiple of 32 from 32 to 1024; it was ",
            threads);
  if (rows.tokens == 0) return;
  if (common_word(out, input, rows) < 16) return silu_flat(out, input);
  const int64_t blocks = ceil_div(rows.tokens * rows.d / 8, in_flight * threads);
  auto* kernel = fast ? several<FastSilu, 1> : several<Silu, 1>;
  if (in_flight == 2) kernel = fast ? several<FastSilu, 2> : several<Silu, 2>;
  if (in_flight == 4) kernel = fast ? several<FastSilu, 4> : several<Silu, 4>;
  launch(kernel, out, input, rows, blocks, threads);
}
// [end rung 7]

// [begin ops]
// What measured fastest on an H200 (measurements/activation.*.json).
void silu_and_mul(Tensor out, const Tensor& input) {
  run_flat<Silu>("silu_and_mul", out, input, kThreads);
}
void gelu_and_mul(Tensor out, const Tensor& input) {
  run_flat<Gelu>("gelu_and_mul", out, input, kThreads);
}
void gelu_tanh_and_mul(Tensor out, const Tensor& input) {
  run_flat<GeluTanh>("gelu_tanh_and_mul", out, input, kThreads);
}
// [end ops]
