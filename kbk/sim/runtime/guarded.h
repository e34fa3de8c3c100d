// What the fault handler asks of guarded memory; the rest is in kbk_runtime.h.
#pragma once

#include <cstddef>
#include <vector>

namespace kbk {
// A sentence for an address in or around a tensor of the call, or false. Safe in a signal handler.
bool explain_guarded(const void* address, char* text, std::size_t size);

bool is_guarded(const void* address);  // of the call in hand

// While one lives, code may touch the tensors of a call that `kbk_sim_fence` keeps the host from: a kernel's, a copy's.
struct FenceDown {
  FenceDown();
  FenceDown(const FenceDown&) = delete;
  FenceDown& operator=(const FenceDown&) = delete;
  ~FenceDown();
};

// Guarded memory from its first accessible byte to its last, fences included, and the storage whose copy begins at `begin`.
struct GuardedRange {
  const char *low, *high, *begin, *end, *original;
  int argument;
};
void guarded_ranges(std::vector<GuardedRange>& ranges);  // those in use now
}  // namespace kbk
