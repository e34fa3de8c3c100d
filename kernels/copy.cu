// Copy: from one thread an element to the memory ceiling.
//
// Every function here computes what this loop on the host computes:
//
//     for (int64_t i = 0; i < n; ++i) out[i] = x[i];
//
//   rung 1  copy_one_per_thread     one thread, one element
//   rung 2  copy_own_chunk          each thread its own 16 elements: sounds good, loses
//   rung 3  copy_grid_stride        a fixed grid walks any number of elements
//   rung 4  copy_any_element        the same as a template over the element
//   rung 5  copy_vectors            16 bytes an access, with a head and a tail
//   rung 6  copy_in_flight          several vectors loaded before the first is stored
//           copy                    rung 5 or 6, whichever measured faster for the size
//           copy_to_gpu_no_ce       a small CPU tensor travels as kernel parameters
//
// The regions between [begin ...] and [end ...] also stand in book/01_copy.md's cells.

// [begin door]
#include <algorithm>

constexpr int kThreads = 256;  // threads a block, where a rung does not choose its own

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Bytes of one element of t: a copy needs no more of a dtype than this.
int64_t element_size(const Tensor& t) {
  switch (t.scalar_type()) {
    case ScalarType::Byte: case ScalarType::Char: case ScalarType::Bool:
    case ScalarType::Float8_e4m3fn: case ScalarType::Float8_e5m2: return 1;
    case ScalarType::Half: case ScalarType::BFloat16:
    case ScalarType::Short: case ScalarType::UInt16: return 2;
    case ScalarType::Float: case ScalarType::Int: case ScalarType::UInt32: return 4;
    case ScalarType::Double: case ScalarType::Long: case ScalarType::UInt64: return 8;
    default: return 0;
  }
}

void check_contiguous(const char* op, const char* name, const Tensor& t) {
  KBK_CHECK(t.is_contiguous(), op, ": ", name, " must be contiguous; its shape is ",
            t.sizes(), " and its strides are ", t.strides());
}

// A copy that cannot be done says which argument, what it must be and what it was.
void check_copy(const char* op, const Tensor& out, const Tensor& x) {
  KBK_CHECK(element_size(x) > 0, op, ": x must have elements of 1, 2, 4 or 8 bytes; ",
            "its dtype is ", x.scalar_type());
  KBK_CHECK(out.scalar_type() == x.scalar_type(), op, ": out must have the dtype of ",
            "x, ", x.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.sizes().equals(x.sizes()), op, ": out must have the shape of x, ",
            x.sizes(), "; its shape is ", out.sizes());
  check_contiguous(op, "x", x);
  check_contiguous(op, "out", out);
  const uintptr_t o = reinterpret_cast<uintptr_t>(out.data_ptr());
  const uintptr_t s = reinterpret_cast<uintptr_t>(x.data_ptr());
  const uintptr_t bytes = x.numel() * element_size(x);
  KBK_CHECK(o == s || o + bytes <= s || s + bytes <= o, op,
            ": out must not overlap x in part; it begins ", o > s ? o - s : s - o,
            " bytes ", o > s ? "after" : "before", " x and both are ", bytes, " bytes");
}

void check_float_copy(const char* op, const Tensor& out, const Tensor& x) {
  check_copy(op, out, x);
  KBK_CHECK(x.scalar_type() == ScalarType::Float, op,
            ": x must be float32; its dtype is ", x.scalar_type());
}
// [end door]

// [begin rung 1]
// One thread an element. Lane l of a warp reads the float beside lane l - 1's: 32 lanes
// ask for 128 bytes in a row.
__global__ void one_per_thread(float* out, const float* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i];
}

void copy_one_per_thread(Tensor out, const Tensor& x) {
  check_float_copy("copy_one_per_thread", out, x);
  const int64_t n = x.numel();
  if (n == 0) return;  // a grid of no blocks cannot be launched
  one_per_thread<<<ceil_div(n, kThreads), kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
// [end rung 1]

// [begin rung 2]
constexpr int kOwn = 16;  // consecutive elements of one thread: 64 bytes

// Each thread its own 16 elements in a row. Neighbouring lanes now read 64 bytes apart:
// every lane its own sector.
__global__ void own_chunk(float* out, const float* x, int64_t n) {
  const int64_t first = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kOwn;
  for (int64_t i = first; i < first + kOwn && i < n; ++i) out[i] = x[i];
}

void copy_own_chunk(Tensor out, const Tensor& x) {
  check_float_copy("copy_own_chunk", out, x);
  const int64_t n = x.numel();
  if (n == 0) return;
  own_chunk<<<ceil_div(n, kThreads * kOwn), kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
// [end rung 2]

// [begin rung 3]
constexpr int kBlocksPerSm = 8;  // of 256 threads: the 2,048 that an SM holds

int64_t multiprocessors() {
  int device = 0, count = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device);
  return count;
}

// Blocks for n pieces of work: enough to fill the GPU, and no more than there is work.
int64_t full_grid(int64_t n) {
  return std::min(ceil_div(n, kThreads), kBlocksPerSm * multiprocessors());
}

// A grid of fixed size walks the data: thread t copies t, t + threads, t + 2 * threads
// and so on. Neighbours stay neighbours. The index has 64 bits: at 2^31 elements a
// 32-bit one turns negative.
__global__ void grid_stride(float* out, const float* x, int64_t n) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
    out[i] = x[i];
}

void copy_grid_stride(Tensor out, const Tensor& x) {
  check_float_copy("copy_grid_stride", out, x);
  const int64_t n = x.numel();
  if (n == 0) return;
  grid_stride<<<full_grid(n), kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
// [end rung 3]

// [begin rung 4]
// Rung 3 over any element. A copy never looks at the value, so one type for each size
// is enough.
template <typename T>
__global__ void any_element(T* out, const T* x, int64_t n) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
    out[i] = x[i];
}

template <typename T>
void launch_any_element(const Tensor& out, const Tensor& x) {
  const int64_t n = x.numel();
  any_element<<<full_grid(n), kThreads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), n);
}

void copy_any_element(Tensor out, const Tensor& x) {
  check_copy("copy_any_element", out, x);
  if (x.numel() == 0) return;
  switch (element_size(x)) {
    case 1: return launch_any_element<unsigned char>(out, x);
    case 2: return launch_any_element<unsigned short>(out, x);
    case 4: return launch_any_element<unsigned int>(out, x);
    default: return launch_any_element<unsigned long long>(out, x);
  }
}
// [end rung 4]

// [begin rung 5]
// An access of 16 bytes needs an address that 16 divides. So a copy is cut in three:
// single bytes up to the first aligned word of out, whole words, and the bytes that are
// left. The pointers are those of the first word: the head lies before them.
struct Cut {
  char* out;
  const char* x;
  int64_t words;  // of the width that the kernel is compiled for
  int head;       // bytes before the first word
  int ends;       // bytes before the first word and after the last
};

// The widest word, at most 16 bytes, on which out and x can be aligned by the same
// head: the largest power of two that divides the distance between them.
int64_t common_word(const Tensor& out, const Tensor& x) {
  const uintptr_t distance = reinterpret_cast<uintptr_t>(out.data_ptr()) -
                             reinterpret_cast<uintptr_t>(x.data_ptr());
  const uintptr_t bits = distance | 16;
  return bits & (~bits + 1);  // the lowest set bit
}

Cut cut_for(const Tensor& out, const Tensor& x, int64_t word) {
  const int64_t bytes = x.numel() * element_size(x);
  const int64_t past = reinterpret_cast<uintptr_t>(out.data_ptr()) % word;
  const int64_t head = std::min(bytes, past ? word - past : 0);
  const int64_t words = (bytes - head) / word;
  return {static_cast<char*>(out.data_ptr()) + head,
          static_cast<const char*>(x.data_ptr()) + head, words, int(head),
          int(bytes - words * word)};
}

// Byte i of head and tail together, if there is one.
template <typename Word>
__device__ void copy_end(const Cut& cut, int64_t i) {
  if (i < 0 || i >= cut.ends) return;
  const int64_t at = i - cut.head + (i < cut.head ? 0 : cut.words * sizeof(Word));
  cut.out[at] = cut.x[at];
}

// One thread a word, and after them one thread a byte of the ends. A warp request of
// 16-byte words moves 512 bytes: a quarter of the requests of rung 1.
template <typename Word>
__global__ void vectors(Cut cut) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < cut.words)
    reinterpret_cast<Word*>(cut.out)[i] = reinterpret_cast<const Word*>(cut.x)[i];
  copy_end<Word>(cut, i - cut.words);
}

void launch_vectors(const Tensor& out, const Tensor& x, int64_t threads) {
  if (x.numel() == 0) return;
  const int64_t word = common_word(out, x);
  const Cut cut = cut_for(out, x, word);
  const int64_t blocks = ceil_div(cut.words + cut.ends, threads);
  const cudaStream_t stream = current_stream();
  switch (word) {
    case 16: return vectors<uint4><<<blocks, threads, 0, stream>>>(cut);
    case 8: return vectors<uint2><<<blocks, threads, 0, stream>>>(cut);
    case 4: return vectors<unsigned int><<<blocks, threads, 0, stream>>>(cut);
    case 2: return vectors<unsigned short><<<blocks, threads, 0, stream>>>(cut);
    default: return vectors<unsigned char><<<blocks, threads, 0, stream>>>(cut);
  }
}

void check_threads(const char* op, int64_t threads) {
  KBK_CHECK(threads >= 32 && threads <= 1024 && threads % 32 == 0, op,
            ": threads must be a multiple of 32 from 32 to 1024; it was ", threads);
}

void copy_vectors(Tensor out, const Tensor& x, int64_t threads = 128) {
  check_copy("copy_vectors", out, x);
  check_threads("copy_vectors", threads);
  launch_vectors(out, x, threads);
}
// [end rung 5]

// [begin rung 6]
// Streaming: these lines leave the caches first, for a copy never comes back to them.
template <bool Streaming, typename Word>
__device__ Word load(const Word* from) {
  return Streaming ? __ldcs(from) : *from;
}

template <bool Streaming, typename Word>
__device__ void store(Word* to, Word word) {
  if constexpr (Streaming) __stcs(to, word);
  else *to = word;
}

// A block copies tiles of InFlight * blockDim.x words. A thread starts all its loads
// before its first store waits for one, so InFlight * sizeof(Word) bytes of each thread
// are on their way at once.
template <typename Word, int InFlight, bool Streaming>
__global__ void in_flight(Cut cut) {
  Word* out = reinterpret_cast<Word*>(cut.out);
  const Word* x = reinterpret_cast<const Word*>(cut.x);
  const int64_t tile = int64_t(InFlight) * blockDim.x;
  const int64_t step = gridDim.x * tile;
  for (int64_t first = blockIdx.x * tile; first < cut.words; first += step) {
    const int64_t mine = first + threadIdx.x;
    Word held[InFlight];
#pragma unroll
    for (int k = 0; k < InFlight; ++k)
      if (mine + k * blockDim.x < cut.words)
        held[k] = load<Streaming>(x + mine + k * blockDim.x);
#pragma unroll
    for (int k = 0; k < InFlight; ++k)
      if (mine + k * blockDim.x < cut.words)
        store<Streaming>(out + mine + k * blockDim.x, held[k]);
  }
  copy_end<Word>(cut, int64_t(blockIdx.x) * blockDim.x + threadIdx.x);
}

// How a launch is cut. blocks_per_sm = 0: a block for each tile, however many.
struct Shape {
  int64_t in_flight, threads, blocks_per_sm;
  bool streaming;
};

template <typename Word, int InFlight, bool Streaming>
void launch_in_flight(const Cut& cut, const Shape& shape) {
  int64_t blocks = std::max<int64_t>(ceil_div(cut.words, InFlight * shape.threads), 1);
  if (shape.blocks_per_sm > 0)
    blocks = std::min(blocks, shape.blocks_per_sm * multiprocessors());
  in_flight<Word, InFlight, Streaming>
      <<<blocks, shape.threads, 0, current_stream()>>>(cut);
}

template <int InFlight>
void launch_vectors_in_flight(const Cut& cut, const Shape& shape) {
  if (shape.streaming) launch_in_flight<uint4, InFlight, true>(cut, shape);
  else launch_in_flight<uint4, InFlight, false>(cut, shape);
}

void launch_shaped(const Tensor& out, const Tensor& x, const Shape& shape) {
  if (x.numel() == 0) return;
  const int64_t word = common_word(out, x);
  const Cut cut = cut_for(out, x, word);
  switch (word) {
    case 8: return launch_in_flight<uint2, 4, false>(cut, shape);
    case 4: return launch_in_flight<unsigned int, 4, false>(cut, shape);
    case 2: return launch_in_flight<unsigned short, 4, false>(cut, shape);
    case 1: return launch_in_flight<unsigned char, 4, false>(cut, shape);
  }
  switch (shape.in_flight) {
    case 1: return launch_vectors_in_flight<1>(cut, shape);
    case 2: return launch_vectors_in_flight<2>(cut, shape);
    case 4: return launch_vectors_in_flight<4>(cut, shape);
    default: return launch_vectors_in_flight<8>(cut, shape);
  }
}

void copy_in_flight(Tensor out, const Tensor& x, int64_t in_flight, int64_t threads,
                    int64_t blocks_per_sm, bool streaming) {
  check_copy("copy_in_flight", out, x);
  KBK_CHECK(in_flight == 1 || in_flight == 2 || in_flight == 4 || in_flight == 8,
            "copy_in_flight: in_flight must be 1, 2, 4 or 8; it was ", in_flight);
  check_threads("copy_in_flight", threads);
  KBK_CHECK(blocks_per_sm >= 0,
            "copy_in_flight: blocks_per_sm must be 0 or more; it was ", blocks_per_sm);
  launch_shaped(out, x, {in_flight, threads, blocks_per_sm, streaming});
}
// [end rung 6]

// [begin copy]
// What measured fastest on an H200 (measurements/copy_tuning*.json). So many blocks of
// one word a thread are in flight at once that a loop gains nothing, but around 16 MiB,
// and where the words are narrow.
void copy(Tensor out, const Tensor& x) {
  check_copy("copy", out, x);
  if (out.data_ptr() == x.data_ptr()) return;
  const int64_t kib = x.numel() * element_size(x) >> 10;
  const bool medium = kib >= 4 * 1024 && kib < 32 * 1024;
  if (common_word(out, x) == 16 && !medium)
    return launch_vectors(out, x, kib <= 128 ? 512 : 128);
  launch_shaped(out, x, {8, 64, 0, true});
}
// [end copy]

// [begin parameters]
constexpr int kParameterBytes = 32764;  // of one launch since CUDA 12.1; before, 4,096
constexpr int kCapacity =
    (kParameterBytes - sizeof(int32_t*) - sizeof(int32_t)) / sizeof(int32_t);
constexpr int kSmallCapacity = 128;  // short inputs travel light

template <int Capacity>
struct Values {
  int32_t at[Capacity];
};

// The values arrive with the launch itself, in the constant bank: no copy engine, no
// pinned memory, no wait.
template <int Capacity>
__global__ void store_values(int32_t* out, int32_t count,
                             const Values<Capacity> values) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) out[i] = values.at[i];
}

template <int Capacity>
void launch_store_values(int32_t* out, const int32_t* input, int32_t count) {
  Values<Capacity> values;
  std::copy(input, input + count, values.at);
  const int32_t threads = std::min(ceil_div(count, 32) * 32, int64_t(kThreads));
  store_values<<<ceil_div(count, threads), threads, 0, current_stream()>>>(
      out, count, values);
}

void check_list(const char* name, const Tensor& t) {
  KBK_CHECK(t.scalar_type() == ScalarType::Int, "copy_to_gpu_no_ce: ", name,
            " must be int32; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == 1, "copy_to_gpu_no_ce: ", name,
            " must have one dimension; its shape is ", t.sizes());
  check_contiguous("copy_to_gpu_no_ce", name, t);
}

// input: CPU int32 [N], output: int32 [N] on the device. The host reads input during
// the call: it may change or go afterwards, and a CUDA graph replays the values that it
// saw when it was captured.
void copy_to_gpu_no_ce(const HostTensor& input, Tensor output) {
  check_list("input", input);
  check_list("output", output);
  KBK_CHECK(output.numel() == input.numel(),
            "copy_to_gpu_no_ce: output must have the shape of input, ", input.sizes(),
            "; its shape is ", output.sizes());
  const int32_t* from = static_cast<const int32_t*>(input.data_ptr());
  int32_t* to = output.mutable_data_ptr<int32_t>();
  for (int64_t left = input.numel(); left > 0;
       from += kCapacity, to += kCapacity, left -= kCapacity) {
    if (left <= kSmallCapacity) launch_store_values<kSmallCapacity>(to, from, left);
    else launch_store_values<kCapacity>(to, from, std::min<int64_t>(left, kCapacity));
  }
}
// [end parameters]
