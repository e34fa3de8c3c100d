// Ceilings: how fast memory answers a kernel that does nothing but ask, for four mixes
// of reads and writes.
//
//   read_only    reads x                  each thread writes one word at the end, so
//                                         that its reads count
//   two_to_one   reads x and y, writes    the mix of silu_and_mul
//   one_to_one   reads x, writes          the mix of a copy
//   write_only   writes                   the mix of a fill
//
// Tensors are int32, contiguous, on 16-byte addresses, a multiple of 4 elements. Three
// numbers choose the launch: words of 16 bytes in flight in a thread (1, 4, 8), threads
// in a block, blocks on an SM. 0 blocks stand for one block a tile, and a tile is what a
// block has in flight.

// [begin ceilings]
#include <algorithm>

struct Grid {
  int64_t in_flight, threads, blocks_per_sm;
};

int64_t multiprocessors() {
  int device = 0, count = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device);
  return count;
}

int64_t words_of(const char* op, const char* name, const Tensor& t) {
  KBK_CHECK(t.scalar_type() == ScalarType::Int, op, ": ", name,
            " must be int32; its dtype is ", t.scalar_type());
  KBK_CHECK(t.is_contiguous(), op, ": ", name,
            " must be contiguous; it is a strided view");
  KBK_CHECK(t.numel() % 4 == 0, op, ": ", name,
            " must have a multiple of 4 elements; it has ", t.numel());
  const uintptr_t past = reinterpret_cast<uintptr_t>(t.data_ptr()) % 16;
  KBK_CHECK(past == 0, op, ": ", name, " must begin on a 16-byte address; it begins ",
            past, " bytes after one");
  return t.numel() / 4;
}

int64_t same_words(const char* op, const Tensor& out, const char* name,
                   const Tensor& x) {
  const int64_t words = words_of(op, "out", out);
  KBK_CHECK(words_of(op, name, x) == words, op, ": ", name,
            " must have as many elements as out, ", out.numel(), "; it has ",
            x.numel());
  return words;
}

int64_t blocks_for(const char* op, int64_t words, const Grid& grid) {
  KBK_CHECK(grid.in_flight == 1 || grid.in_flight == 4 || grid.in_flight == 8, op,
            ": in_flight must be 1, 4 or 8; it was ", grid.in_flight);
  KBK_CHECK(grid.threads >= 32 && grid.threads <= 1024 && grid.threads % 32 == 0, op,
            ": threads must be a multiple of 32 from 32 to 1024; it was ", grid.threads);
  KBK_CHECK(grid.blocks_per_sm >= 0, op, ": blocks_per_sm must be 0 or more; it was ",
            grid.blocks_per_sm);
  const int64_t tile = grid.in_flight * grid.threads;
  const int64_t tiles = (words + tile - 1) / tile;
  if (grid.blocks_per_sm == 0) return tiles;
  return std::min(tiles, grid.blocks_per_sm * multiprocessors());
}

struct Pair {
  uint4 x, y;
};

__device__ uint4 either(uint4 a, uint4 b) {
  return make_uint4(a.x ^ b.x, a.y ^ b.y, a.z ^ b.z, a.w ^ b.w);
}

// For each word i of this thread's tiles: use(i, load(i)). All loads of a tile start
// before the first use waits.
template <typename Held, int InFlight, typename Load, typename Use>
__device__ void for_each_word(int64_t words, const Load& load, const Use& use) {
  const int64_t tile = int64_t(InFlight) * blockDim.x;
  for (int64_t first = blockIdx.x * tile; first < words; first += gridDim.x * tile) {
    const int64_t mine = first + threadIdx.x;
    Held held[InFlight];
#pragma unroll
    for (int k = 0; k < InFlight; ++k)
      if (mine + k * blockDim.x < words) held[k] = load(mine + k * blockDim.x);
#pragma unroll
    for (int k = 0; k < InFlight; ++k)
      if (mine + k * blockDim.x < words) use(mine + k * blockDim.x, held[k]);
  }
}

// Thread t leaves the exclusive or of all that it read in out[t]: a sum that no order
// of the threads changes.
template <int InFlight>
__global__ void read_words(uint32_t* out, const uint4* x, int64_t words) {
  uint4 all = make_uint4(0, 0, 0, 0);
  for_each_word<uint4, InFlight>(
      words, [&](int64_t i) { return x[i]; },
      [&](int64_t, uint4 word) { all = either(all, word); });
  out[int64_t(blockIdx.x) * blockDim.x + threadIdx.x] = all.x ^ all.y ^ all.z ^ all.w;
}

// 8 pairs in flight are 64 registers: without the bound a block of 1,024 threads could
// not be launched.
template <int InFlight>
__global__ void __launch_bounds__(1024)
    combine_words(uint4* out, const uint4* x, const uint4* y, int64_t words) {
  for_each_word<Pair, InFlight>(
      words, [&](int64_t i) { return Pair{x[i], y[i]}; },
      [&](int64_t i, const Pair& both) { out[i] = either(both.x, both.y); });
}

template <int InFlight>
__global__ void copy_words(uint4* out, const uint4* x, int64_t words) {
  for_each_word<uint4, InFlight>(
      words, [&](int64_t i) { return x[i]; },
      [&](int64_t i, uint4 word) { out[i] = word; });
}

template <int InFlight>
__global__ void write_words(uint4* out, uint4 word, int64_t words) {
  for_each_word<uint4, InFlight>(
      words, [&](int64_t) { return word; },
      [&](int64_t i, uint4 held) { out[i] = held; });
}

uint4* write_to(const Tensor& t) { return static_cast<uint4*>(t.data_ptr()); }
const uint4* read_from(const Tensor& t) {
  return static_cast<const uint4*>(t.data_ptr());
}

template <typename Kernel>
Kernel* choose(int64_t in_flight, Kernel* one, Kernel* four, Kernel* eight) {
  return in_flight == 1 ? one : in_flight == 4 ? four : eight;
}

// out: int32, an element for each thread of the launch. The exclusive or of out is the
// exclusive or of x.
void read_only(Tensor out, const Tensor& x, int64_t in_flight, int64_t threads,
               int64_t blocks_per_sm) {
  const int64_t words = words_of("read_only", "x", x);
  const int64_t blocks =
      blocks_for("read_only", words, {in_flight, threads, blocks_per_sm});
  KBK_CHECK(out.scalar_type() == ScalarType::Int && out.is_contiguous() &&
                out.numel() >= blocks * threads,
            "read_only: out must be int32, contiguous, with an element for each thread, ",
            blocks * threads, "; its dtype is ", out.scalar_type(), " and it has ",
            out.numel());
  if (blocks == 0) return;
  auto* kernel = choose(in_flight, read_words<1>, read_words<4>, read_words<8>);
  kernel<<<blocks, threads, 0, current_stream()>>>(
      static_cast<uint32_t*>(out.data_ptr()), read_from(x), words);
}

// out = x ^ y
void two_to_one(Tensor out, const Tensor& x, const Tensor& y, int64_t in_flight,
                int64_t threads, int64_t blocks_per_sm) {
  const int64_t words = same_words("two_to_one", out, "x", x);
  same_words("two_to_one", out, "y", y);
  const int64_t blocks =
      blocks_for("two_to_one", words, {in_flight, threads, blocks_per_sm});
  if (blocks == 0) return;
  auto* kernel = choose(in_flight, combine_words<1>, combine_words<4>, combine_words<8>);
  kernel<<<blocks, threads, 0, current_stream()>>>(write_to(out), read_from(x),
                                                   read_from(y), words);
}

// out = x
void one_to_one(Tensor out, const Tensor& x, int64_t in_flight, int64_t threads,
                int64_t blocks_per_sm) {
  const int64_t words = same_words("one_to_one", out, "x", x);
  const int64_t blocks =
      blocks_for("one_to_one", words, {in_flight, threads, blocks_per_sm});
  if (blocks == 0) return;
  auto* kernel = choose(in_flight, copy_words<1>, copy_words<4>, copy_words<8>);
  kernel<<<blocks, threads, 0, current_stream()>>>(write_to(out), read_from(x), words);
}

// out = the low 32 bits of value, everywhere
void write_only(Tensor out, int64_t value, int64_t in_flight, int64_t threads,
                int64_t blocks_per_sm) {
  const int64_t words = words_of("write_only", "out", out);
  const int64_t blocks =
      blocks_for("write_only", words, {in_flight, threads, blocks_per_sm});
  if (blocks == 0) return;
  const unsigned int low = static_cast<unsigned int>(value);
  auto* kernel = choose(in_flight, write_words<1>, write_words<4>, write_words<8>);
  kernel<<<blocks, threads, 0, current_stream()>>>(
      write_to(out), make_uint4(low, low, low, low), words);
}
// [end ceilings]
