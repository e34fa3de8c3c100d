// Which memory an access of device code is to, and the way from the callbacks to the listeners.
#include "trace.h"

#include <pthread.h>

#include <algorithm>
#include <vector>

#include "guarded.h"

namespace kbk {

bool tracing = false, by_clang = false;

namespace {

std::vector<Listener*> listeners;
std::vector<GuardedRange> ranges;  // of the call in hand
std::size_t last_range = 0;        // the one that was hit last: most often hit next
const char *host_low = nullptr, *host_high = nullptr;  // stack of the OS thread that runs the launch
std::uintptr_t image_low = 0, image_high = 0;          // the kernel's library

void find_host_stack() {
  // The system reads the list of all mappings to answer this, which takes longer than a small launch: ask once a thread.
  thread_local const char *low = nullptr, *high = nullptr;
#if defined(__linux__)
  pthread_attr_t attributes;
  if (high == nullptr && pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void* base = nullptr;
    std::size_t bytes = 0;
    if (pthread_attr_getstack(&attributes, &base, &bytes) == 0) {
      low = static_cast<const char*>(base);
      high = low + bytes;
    }
    pthread_attr_destroy(&attributes);
  }
#elif defined(__APPLE__)
  high = static_cast<const char*>(pthread_get_stackaddr_np(pthread_self()));
  low = high - pthread_get_stacksize_np(pthread_self());
#endif
  host_low = low;
  host_high = high;
}

// The tensor that a guarded copy stands for, or null.
const GuardedRange* range_of(const char* at) {
  if (last_range < ranges.size() && at >= ranges[last_range].low && at < ranges[last_range].high) return &ranges[last_range];
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (at >= ranges[i].low && at < ranges[i].high) {
      last_range = i;
      return &ranges[i];
    }
  return nullptr;
}

// What an access is to; false if it is nobody's business.
inline bool find_memory(const void* address, std::uint64_t bytes, Access access, const void* pc, Touch& touch) {
  const Thread& thread = *current;
  const auto* at = static_cast<const char*>(address);
  if (at >= thread.stack.base && at < thread.stack.base + thread.stack.bytes) return false;
  touch = {reinterpret_cast<std::uintptr_t>(at), at, pc, static_cast<std::uint32_t>(bytes), access, Space::kGlobal, false, -1};
  if (const GuardedRange* range = range_of(at)) {
    touch.address = reinterpret_cast<std::uintptr_t>(range->original) + static_cast<std::uint64_t>(at - range->begin);
    if (at < range->begin || at + bytes > range->end) touch.beyond = range->argument;
  } else if (at >= thread.block->arena.base && at < thread.block->arena.end + kArenaFence) {
    touch.space = Space::kShared;
  } else if (at >= host_low && at < host_high) {
    if (!thread.entered) return false;  // the arguments of the launch, on their way into each thread
    touch.space = Space::kHost;
  } else if (touch.address >= image_low && touch.address < image_high) {
    touch.space = Space::kModule;
  } else if (worker->stacks.holds(at)) {
    touch.space = Space::kHost;  // a local variable of another thread
  }
  return true;
}

}  // namespace

void add_listener(Listener* listener) {
  listeners.push_back(listener);
  tracing = true;
}

void remove_listener(Listener* listener) {
  listeners.erase(std::remove(listeners.begin(), listeners.end(), listener), listeners.end());
  tracing = !listeners.empty();
}

void trace_check(const void* address, std::uint64_t bytes, Access access, const void* pc, bool aligned) {
  Touch touch;
  if (!find_memory(address, bytes, access, pc, touch)) return;
  touch.aligned = aligned;
  for (Listener* each : listeners) each->check(*current, touch);
}

void trace_misaligned(const void* address, std::uint64_t alignment, Access access, const void* pc) {
  Touch touch;
  if (!find_memory(address, alignment, access, pc, touch)) return;
  for (Listener* each : listeners) each->misaligned(*current, touch);
}

void trace_access(const void* address, std::uint64_t bytes, Access access, const void* pc, bool aligned) {
  Touch touch;
  if (bytes == 0 || !find_memory(address, bytes, access, pc, touch)) return;
  touch.aligned = aligned;
  for (Listener* each : listeners) each->touch(*current, touch);
}

void trace_begin(const Launch& launch) {
  if (!tracing) return;
  by_clang = launch.config.by_clang;
  guarded_ranges(ranges);
  last_range = 0;
  find_host_stack();
  find_image(reinterpret_cast<const void*>(launch.body), image_low, image_high);
  for (Listener* each : listeners) each->begin(launch);
}

void trace_end(const Launch& launch) {
  if (tracing)
    for (Listener* each : listeners) each->end(launch);
}
void trace_fence(Scope scope) {
  for (Listener* each : listeners) each->fence(*current, scope);
}
void trace_block_begin(const Block& block) {
  if (tracing)
    for (Listener* each : listeners) each->block_begin(block);
}
void trace_block_end(const Block& block) {
  if (tracing)
    for (Listener* each : listeners) each->block_end(block);
}
void trace_barrier(const Block& block) {
  if (tracing)
    for (Listener* each : listeners) each->barrier(block);
}
void trace_collective(const Block& block, unsigned warp, unsigned lanes, Op op) {
  if (tracing)
    for (Listener* each : listeners) each->collective(block, warp, lanes, op);
}
void trace_exchange(const Block& block, unsigned warp, unsigned lanes, Op op) {
  if (!tracing) return;
  const Warp& here = block.warps[warp];
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    for (Listener* each : listeners) each->exchange(block.threads[warp * kLanes + lane], op, here.value[lane], here.result[lane]);
  }
}
void trace_used(const void* at) {
  for (Listener* each : listeners) each->used(*current, at);
}
void trace_turn(const void* from) {
  for (Listener* each : listeners) each->turn(*current, from);
}
void trace_special(Special what, const void* pc) {
  for (Listener* each : listeners) each->special(*current, what, pc);
}
std::uint64_t callers_address(const void* at) {
  const auto* byte = static_cast<const char*>(at);
  const GuardedRange* range = range_of(byte);
  if (range == nullptr) return reinterpret_cast<std::uintptr_t>(byte);
  return reinterpret_cast<std::uintptr_t>(range->original) + static_cast<std::uint64_t>(byte - range->begin);
}
void trace_stray_shuffle(const Thread& thread, unsigned source, unsigned mask) {
  if (tracing)
    for (Listener* each : listeners) each->stray_shuffle(thread, source, mask);
}
void trace_grid_barrier(const Launch& launch) {
  if (tracing)
    for (Listener* each : listeners) each->grid_barrier(launch);
}
void trace_leave(const Thread& thread) {
  if (tracing)
    for (Listener* each : listeners) each->leave(thread);
}

}  // namespace kbk
