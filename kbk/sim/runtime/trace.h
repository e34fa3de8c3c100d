// What device code of a traced build does, and who is told.
//
// The compiler calls __tsan_* (tsan.cpp) before each access; trace.cpp finds out what memory that is. The scheduler and the meeting
// points tell of barriers, fences and exits. Each event goes to every listener. A listener is one tool (the counters, a checker); it
// knows no other. All events of a launch come on one OS thread, in the order in which things happen.
#pragma once

#include <cstdint>

#include "state.h"

namespace kbk {

enum class Access : std::uint8_t { kRead, kWrite, kAtomic, kAtomicLoad, kAtomicStore, kVolatileRead, kVolatileWrite };

inline bool reads(Access a) { return a != Access::kWrite && a != Access::kAtomicStore && a != Access::kVolatileWrite; }
inline bool writes(Access a) {
  return a == Access::kWrite || a == Access::kAtomic || a == Access::kAtomicStore || a == Access::kVolatileWrite;
}
inline bool is_atomic(Access a) { return a == Access::kAtomic || a == Access::kAtomicLoad || a == Access::kAtomicStore; }
inline bool is_volatile(Access a) { return a == Access::kVolatileRead || a == Access::kVolatileWrite; }

// kModule: variables of the kernel's own library (__device__ and __constant__ ones). A thread's own local variables reach nobody.
// kHost: memory of the CPU that a kernel must not touch: locals of the host function, locals of another thread.
enum class Space : std::uint8_t { kGlobal, kShared, kModule, kHost };

struct Touch {
  std::uint64_t address;  // in global memory the caller's: a guarded copy's address is told as that of its tensor
  const void* at;         // where the bytes are now: a read may be looked at, a write has not happened yet
  const void* pc;         // return address of the callback
  std::uint32_t bytes;
  Access access;
  Space space;
  bool aligned;   // one access of a scalar type, which needs `address` to be a multiple of `bytes`
  int beyond;     // the argument whose guarded copy it leaves, or -1
};

enum class Scope : std::uint8_t { kBlock, kDevice, kSystem };  // of a fence

// A function of mathematics that a GPU computes in its special function unit, or in many steps.
enum class Special : std::uint8_t { kExp, kLog, kSinCos, kTanh, kRsqrt, kDivision, kPow, kOther };

// A listener may end the launch with trap() in check(), misaligned() and touch() only.
class Listener {
 public:
  virtual void begin(const Launch&) {}
  virtual void block_begin(const Block&) {}
  virtual void touch(const Thread& thread, const Touch& touch) = 0;  // of `current`
  // Before a read that the runtime does itself, to see what a thread waits for; touch() follows.
  virtual void check(const Thread&, const Touch&) {}
  // Before an access whose type needs another alignment; touch.bytes is that alignment. The access itself is told after it.
  virtual void misaligned(const Thread&, const Touch&) {}
  virtual void fence(const Thread&, Scope) {}
  // All living threads of the block are in __syncthreads (their wait_pc says where) and go on now.
  virtual void barrier(const Block&) {}
  // These lanes met: Op::kSync is __syncwarp, which orders memory; the others (shuffles, votes) do not.
  virtual void collective(const Block&, unsigned /*warp*/, unsigned /*lanes*/, Op) {}
  // A shuffle of the lane (its wait_pc says where) read a lane that took no part.
  virtual void stray_shuffle(const Thread&, unsigned /*source*/, unsigned /*mask*/) {}
  // A lane of that meeting: what it gave, and what it gets.
  virtual void exchange(const Thread&, Op, std::uint64_t /*gave*/, std::uint64_t /*got*/) {}
  // What the thread's last atomic access there found is used: it is no mere reduction.
  virtual void used(const Thread&, const void* /*at*/) {}
  // The thread jumps backwards, from `from`: it begins another turn of a loop.
  virtual void turn(const Thread&, const void* /*from*/) {}
  virtual void special(const Thread&, Special, const void* /*pc*/) {}
  virtual void grid_barrier(const Launch&) {}
  virtual void leave(const Thread&) {}  // the thread has finished
  virtual void block_end(const Block&) {}
  virtual void end(const Launch&) {}  // also after a fault

 protected:
  ~Listener() = default;
};

extern bool tracing;  // somebody listens
extern bool by_clang;  // which compiler made the code of the launch that is traced
// Host code, and kernels that nobody watches, leave the callbacks at once.
inline bool watched() { return __builtin_expect(tracing, 0) && current != nullptr; }
void add_listener(Listener* listener);
void remove_listener(Listener* listener);
void trace_begin(const Launch& launch);  // by the OS thread that runs the whole launch
void trace_end(const Launch& launch);
void trace_access(const void* address, std::uint64_t bytes, Access access, const void* pc, bool aligned = false);
void trace_check(const void* address, std::uint64_t bytes, Access access, const void* pc, bool aligned);
void trace_misaligned(const void* address, std::uint64_t alignment, Access access, const void* pc);
void trace_fence(Scope scope);
void trace_block_begin(const Block& block);
void trace_block_end(const Block& block);
void trace_barrier(const Block& block);
void trace_collective(const Block& block, unsigned warp, unsigned lanes, Op op);
void trace_exchange(const Block& block, unsigned warp, unsigned lanes, Op op);
void trace_used(const void* at);
void trace_turn(const void* from);
void trace_special(Special what, const void* pc);
std::uint64_t callers_address(const void* at);  // of global memory: as Touch::address
void trace_stray_shuffle(const Thread& thread, unsigned source, unsigned mask);
void trace_grid_barrier(const Launch& launch);
void trace_leave(const Thread& thread);

}  // namespace kbk
