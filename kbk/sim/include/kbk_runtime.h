// The seam between a translated source and the simulator's runtime library.
//
// Everything that needs the scheduler (who am I, wait, launch, fail) is a function of the runtime, which is compiled
// once and never instrumented. Headers above this one turn it into CUDA's names.
#pragma once

#include <cstddef>
#include <cstdint>

#define KBK_API __attribute__((visibility("default")))
#if defined(__clang__)
#define KBK_MEETING __attribute__((convergent))  // one call of the source stays one: clang would put copies into branches
#else
#define KBK_MEETING
#endif

namespace kbk {

struct Dim {
  unsigned x = 1, y = 1, z = 1;
};

// One per instantiation of a __global__ function: a static inside its body (the translator puts it there).
struct KernelInfo {
  const char* pretty;  // __PRETTY_FUNCTION__
  const char* file;
  int line;
  int max_threads;    // first argument of __launch_bounds__, 0 if none
  int dynamic_limit;  // cudaFuncAttributeMaxDynamicSharedMemorySize, -1 until it is set
};

// One per __shared__ declaration and instantiation. The runtime gives it a place in each block's arena.
struct SharedSlot {
  const char* name;
  const char* file;
  int line;
  unsigned size, align;
  unsigned element;     // bytes of one element of an array, else `size`
  unsigned extents[4];  // of an array, 0 past the last
  char type;            // of an element: f float, h half, b bfloat16, i signed, u unsigned, ? other
  void (*contents)(unsigned char*);  // sets what is no padding of an aligned element to 0xff, the rest to 0; null if nobody knows
  unsigned long serial;  // launch for which `offset` holds
  unsigned offset;
};

struct LaunchConfig {
  Dim grid, block;
  std::size_t dynamic_bytes = 0;
  void* stream = nullptr;
  bool cooperative = false;
  bool by_clang = false;  // the compiler of the source
  const char *constant_low = nullptr, *constant_high = nullptr;  // __constant__ memory, of a traced build
  bool may_spin = false;  // the source has atomics, fences or volatile: one OS thread, threads take turns by the clock
};

enum class Op : unsigned char {
  kSync, kShflIdx, kShflUp, kShflDown, kShflXor, kBallot, kAny, kAll, kMatchAny, kMatchAll,
  kAddU, kAddS, kMinU, kMinS, kMaxU, kMaxS, kAnd, kOr, kXor,
};

using Body = void (*)(void* context);

// --- who am I (inside a kernel). x in bits 0-31, y in 32-47, z in 48-63; constant for the life of a thread.
KBK_API std::uint64_t thread_index() __attribute__((const));
KBK_API std::uint64_t block_index() __attribute__((const));
KBK_API std::uint64_t block_dim() __attribute__((const));
KBK_API std::uint64_t grid_dim() __attribute__((const));
KBK_API unsigned lane_id() __attribute__((const));
KBK_API unsigned warp_id() __attribute__((const));
KBK_API unsigned sm_id();
KBK_API bool in_kernel();
KBK_API long long clock_ticks();

// --- waiting
KBK_API int barrier(int kind, int predicate, int line) KBK_MEETING;  // kind 0 plain, 1 count, 2 and, 3 or
KBK_API void grid_barrier() KBK_MEETING;
KBK_API bool grid_is_cooperative();
// The lanes of `mask` meet; `second` (may be null) receives the predicate of match_all.
KBK_API std::uint64_t collective(Op op, unsigned mask, std::uint64_t value, unsigned arg, int width, int* second) KBK_MEETING;
KBK_API unsigned active_mask() KBK_MEETING;
// A poll of `address` that saw `value`: after many that saw the same, other threads get a turn.
KBK_API void poll(const volatile void* address, std::uint64_t value);
KBK_API void yield();
KBK_API void fence(int scope);  // 0 block, 1 device, 2 system; of a traced build
// What an atomic operation begins from, in a traced build: its own load, which is no access of the kernel. 1, 2, 4 or 8 bytes.
KBK_API std::uint64_t untold_load(const volatile void* address, unsigned bytes);

// Gives `old` back: what the thread's last atomic operation at that address found. Of a traced build. The compiler drops the call where
// nobody goes on with it, as nvcc takes a reduction (red) instead of an atomic operation (atom) then.
KBK_API std::uint64_t atomic_used(const volatile void* address, std::uint64_t old) __attribute__((const));
// What the atomic operation that follows does, where the GPU has an instruction of its own for it. In a traced build.
enum class NextAtomic : unsigned char { kAny, kIncrement, kSwap };
KBK_API void next_atomic(NextAtomic what);
// Of a type whose atomic operations always are ATOM: the result of the last one at that address.
KBK_API void atomic_always_used(const volatile void* address);
// The thread computes one of trace.h's Special.
KBK_API void special_function(int what);

// --- shared memory
KBK_API void* shared_slot(SharedSlot* slot);
KBK_API void* dynamic_shared(const char* name, unsigned element, char type);
KBK_API unsigned dynamic_shared_bytes();
// A pointer into the block's shared memory as the 32-bit number by which .shared instructions address it, and back.
KBK_API unsigned shared_offset(const void* address);
KBK_API void* shared_at(unsigned offset);

// --- a host function runs between these: Ctrl-C is noted, ends the launch in hand and the next ones, and goes to Python at the end
KBK_API void call_begin();
KBK_API void call_end();

// --- launching
KBK_API bool probing();                    // the kernel was called only to learn its KernelInfo
KBK_API void answer_probe(KernelInfo* info);
KBK_API KernelInfo* probe(Body body, void* context);
// Runs the grid; configuration errors become the last CUDA error, faults throw.
KBK_API void launch(const char* name, const LaunchConfig& config, std::size_t argument_bytes, Body body, void* context,
                    const char* file, int line);
KBK_API int last_error(bool clear);
KBK_API void set_error(int code, const char* detail);
KBK_API const char* last_error_detail();

// --- ending
[[noreturn]] KBK_API void trap(const char* kind, const char* message);
[[noreturn]] KBK_API void assert_failed(const char* expression, const char* file, int line, const char* function);
KBK_API int print(const char* format, ...) __attribute__((format(printf, 1, 2)));

// --- tensors of a call in guarded memory: a copy of `bytes` at `original`, aligned as it is modulo 16; null if there is no room
KBK_API char* guarded_take(const void* original, std::size_t bytes, int argument);
KBK_API void guarded_read_only(char* copy);
KBK_API bool guarded_damage(const char* copy, char* text, std::size_t size);  // true, with a sentence: somebody wrote beside it
KBK_API void guarded_give(char* copy);

// --- what a traced host function tells of torch's memory (kbk/watched.h)
KBK_API void watch_storage(void* storage, std::uint64_t bytes, int dtype, std::uint32_t item, bool empty);
KBK_API void watch_contents(void* storage);

// --- the device profile
struct Profile {
  int arch;  // 75, 80, 90
  const char* name;
  int sms;
  int threads_per_sm, blocks_per_sm;
  int shared_per_sm, shared_per_block, shared_per_block_optin;
  int kernel_parameter_bytes;
  int l2_bytes;
  long long memory_bytes;
};
KBK_API const Profile& profile();

}  // namespace kbk
