// What device code of a traced build touches, and who is told.
//
// The compiler calls __tsan_* (tsan.cpp) before each access. trace.cpp finds out what memory that is, and gives each access of a
// launch to every listener. A listener is one tool (the access log; a checker); it knows no other.
#pragma once

#include <cstdint>

#include "state.h"

namespace kbk {

enum class Access : std::uint8_t { kRead, kWrite, kAtomic, kAtomicLoad, kAtomicStore };

// kModule: variables of the kernel's own library (__device__ and __constant__ ones). Local variables reach nobody.
enum class Space : std::uint8_t { kGlobal, kShared, kModule };

struct Touch {
  std::uint64_t address;  // in global memory the caller's: a guarded copy's address is told as that of its tensor
  const void* pc;         // return address of the callback
  std::uint32_t bytes;
  Access access;
  Space space;
};

class Listener {
 public:
  virtual void begin(const Launch&) {}
  virtual void touch(const Thread& thread, const Touch& touch) = 0;  // of `current`; may end the launch with trap()
  virtual void end(const Launch&) {}

 protected:
  ~Listener() = default;
};

extern bool tracing;  // somebody listens
void add_listener(Listener* listener);
void remove_listener(Listener* listener);
void trace_begin(const Launch& launch);  // by the OS thread that runs the whole launch
void trace_end(const Launch& launch);
void trace_access(const void* address, std::uint64_t bytes, Access access, const void* pc);

}  // namespace kbk
