// What a launch is made of: threads in warps in blocks, run by workers (one OS thread each).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../include/kbk_runtime.h"
#include "fiber.h"

namespace kbk {

constexpr int kLanes = 32;

// Why a thread is not running. Ready threads are found through the masks of their warp, not through this.
enum class Wait : unsigned char { kNone, kBarrier, kCollective, kActiveMask, kGrid, kSpin, kDone };

struct Block;

struct Thread {
  void* stack_pointer = nullptr;  // where it was left; null: not started
  Stack stack;
  Block* block = nullptr;
  std::uint64_t index = 0;  // packed threadIdx
  unsigned linear = 0;
  Wait wait = Wait::kNone;
  bool entered = false;           // the kernel's body has begun: its arguments are its own now
  const void* wait_pc = nullptr;  // call site of the meeting point that it came to last
  int wait_line = 0;              // its line in the source, of __syncthreads
  mutable void* events = nullptr;  // of the profiler: what it did since its warp last met
  NextAtomic next_atomic = NextAtomic::kAny;
  const void* edge = nullptr;     // where it was in the code last, of a traced build
};

// Lanes that meet in one warp collective.
struct Group {
  Op op;
  unsigned mask;
  unsigned arrived;
};

struct Warp {
  unsigned alive = 0;    // started or not, but not finished
  unsigned ready = 0;    // may run now
  unsigned barrier = 0;  // waiting in __syncthreads
  unsigned grid = 0;     // waiting in a grid barrier
  unsigned spun = 0;     // polling: run the others first
  unsigned active_wait = 0;
  std::vector<Group> groups;
  std::uint64_t value[kLanes];
  std::uint64_t result[kLanes];
  unsigned argument[kLanes];
  int width[kLanes];
  int second[kLanes];
  std::uint8_t source[kLanes];  // of a shuffle: the lane that each one read
};

struct Arena {
  char* base = nullptr;  // static __shared__ variables from here up
  char* end = nullptr;   // dynamic shared memory ends here; an inaccessible stretch follows
};

constexpr std::size_t kArenaFence = 64 * 1024;  // inaccessible bytes after it that count as shared memory all the same

struct Launch;

struct Block {
  Launch* launch = nullptr;
  std::uint64_t index = 0;  // packed blockIdx
  std::uint64_t linear = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  unsigned ready_warps = 0;  // warps with a ready lane
  unsigned spun_warps = 0;
  unsigned live = 0, arrived = 0, grid_arrived = 0;
  int barrier_count = 0, barrier_and = 1, barrier_or = 0;  // being gathered
  int barrier_result[4] = {0, 0, 0, 0};                    // of the barrier released last, by kind
  Arena arena;
  char* dynamic = nullptr;
  unsigned static_poisoned = 0;
  bool finished() const { return live == 0; }
};

// What the source calls the dynamic shared memory: the declaration that a thread passed last.
struct DynamicShared {
  const char* name = "";
  unsigned element = 1;  // bytes
  char type = '?';       // as SharedSlot::type
};

struct Fault {
  std::string kind, message, kernel, file;  // file and line of the launch
  int line = 0;
  bool has_thread = false;
  std::uint64_t block = 0, thread = 0;
  const void* pc = nullptr;
  struct Waiter {
    std::string where;  // "__syncthreads", "a warp collective (mask 0x...)"
    const void* pc;
    std::uint64_t block;
    unsigned first, last, count;  // linear thread numbers
    unsigned missing;             // lanes that never came (collectives)
  };
  std::vector<Waiter> waiters;
};

struct Launch {
  LaunchConfig config;
  KernelInfo* info = nullptr;
  std::string kernel;
  Body body = nullptr;
  void* context = nullptr;
  unsigned long serial = 0;
  std::uint64_t blocks = 0, threads_per_block = 0;
  std::uint64_t grid_packed = 0, block_packed = 0;
  std::uint64_t grid_live = 0, grid_arrived = 0;
  std::vector<Block*> cooperative_blocks;
  std::atomic<std::uint64_t> next_block{0};
  std::vector<std::uint64_t> order;  // shuffled block numbers, when a seed is set
  std::atomic<unsigned> static_used{0};  // of the arena, red zones included
  std::vector<SharedSlot*> slots;        // __shared__ variables that have a place in it
  DynamicShared dynamic;                 // what the source calls the dynamic ones
  std::size_t static_bytes = 0;
  std::atomic<bool> stop{false};  // a fault happened somewhere
  std::uint64_t seed = 0;
  double begin = 0;                       // seconds on the monotonic clock
  const char* file = "";  // of the launch
  int line = 0;
  std::uintptr_t text_low = 0, text_high = 0;  // code of the library that holds the kernel
};

// One OS thread that runs blocks.
struct Worker {
  Launch* launch = nullptr;
  void* main_stack_pointer = nullptr;  // the scheduler's own context
  Block* block = nullptr;              // whose fibers run now
  std::vector<Block*> active;
  std::vector<std::unique_ptr<Block>> pool;
  std::vector<Block*> idle;
  StackPool stacks;
  std::uint64_t random = 0;
  const volatile void* poll_address = nullptr;
  std::uint64_t poll_value = 0;
  unsigned polls = 0;
  volatile bool yield_wanted = false;   // a tick came at a bad moment
  volatile std::uint32_t switches = 0;  // tells the ticks that threads take turns
  std::uint32_t switches_at_tick = 0;
  std::unique_ptr<Fault> fault;
  explicit Worker(std::size_t stack_bytes) : stacks(stack_bytes) {}
};

// Both are null outside a launch. Initial-exec: read in a couple of instructions, and small enough for dlopen.
#if defined(__linux__)
#define KBK_TLS __attribute__((tls_model("initial-exec")))
#else
#define KBK_TLS
#endif
extern thread_local Thread* current KBK_TLS;
extern thread_local Worker* worker KBK_TLS;

inline std::uint64_t pack(unsigned x, unsigned y, unsigned z) {
  return std::uint64_t{x} | std::uint64_t{y} << 32 | std::uint64_t{z} << 48;
}
inline unsigned unpack_x(std::uint64_t p) { return static_cast<unsigned>(p); }
inline unsigned unpack_y(std::uint64_t p) { return static_cast<unsigned>(p >> 32 & 0xffff); }
inline unsigned unpack_z(std::uint64_t p) { return static_cast<unsigned>(p >> 48); }

struct Settings {
  std::uint64_t seed = 0;   // 0: in order
  int threads = 0;          // 0: as many cores as pay off
  double time_limit = 60;   // seconds a launch
  std::size_t stack_bytes = 64 * 1024;
};
extern Settings settings;

// scheduler.cpp
void block_current(Wait wait, const void* pc);  // gives up the processor until somebody makes `current` ready
void make_ready(Block& block, unsigned warp, unsigned lanes);
[[noreturn]] void end_launch_here();  // from a fiber: back to the worker's scheduler, for good
void run_blocks(Worker& worker);
void release_barrier(Block& block);
// collectives.cpp
void thread_left_warp(Block& block, unsigned warp);
bool resolve_active_mask(Block& block, unsigned warp);
// shared.cpp
Arena take_arena();
void give_arena(const Arena& arena);
void prepare_shared(Block& block);
// faults.cpp
void record_fault(const char* kind, std::string message, const void* pc);
void report_deadlock(Worker& worker);
void add_waiters(const Worker& worker, Fault& fault);  // who waits where
void guard_begin(Worker& worker);  // signals and the clock, for the time of a launch
void guard_end();
void check_stop();  // ends the calling thread's launch if somebody asked for it
double seconds();   // monotonic
// modules.cpp
void find_text(const void* address, std::uintptr_t& low, std::uintptr_t& high);
void find_image(const void* address, std::uintptr_t& low, std::uintptr_t& high);  // the whole library, data too
std::string library_of(const void* address, std::uintptr_t& base);

}  // namespace kbk
