// Memory for the tensors of a call: an inaccessible stretch follows the last byte and precedes the first page, so that a kernel which
// leaves a tensor is ended before it damages anything else of the process. The bytes that alignment leaves over hold a pattern that
// is looked at after the call.
#include "guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "forking.h"
#include "state.h"
#include "trace.h"

namespace kbk {

namespace {

constexpr std::size_t kFence = 1u << 20;  // inaccessible bytes on either side
constexpr std::size_t kAlignment = 16;    // kept equal to the original's
constexpr std::size_t kTracedAlignment = 256;  // while accesses are counted: a kernel may ask where a sector or a line begins
constexpr unsigned char kPattern = 0xc5;
constexpr std::size_t kKept = 256u << 20;  // bytes of free mappings to keep for the next call
constexpr int kSlots = 512;

struct Mapping {
  char* base;         // first accessible byte, at a page
  std::size_t bytes;  // accessible
};

// What the signal handler reads: filled before a call, emptied after it.
struct Slot {
  std::atomic<char*> low{nullptr};  // of the accessible pages
  char *high = nullptr, *begin = nullptr, *end = nullptr;
  const char* original = nullptr;
  int argument = 0;
  bool read_only = false;
};

std::mutex guarded_mutex;
std::multimap<std::size_t, Mapping> free_mappings;
std::size_t free_bytes = 0;
Slot slots[kSlots];
const AfterFork guarded_anew([] {
  new (&guarded_mutex) std::mutex;
  for (Slot& slot : slots) slot.low.store(nullptr);
});

std::size_t page() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

bool take_mapping(std::size_t bytes, Mapping& mapping) {
  const auto found = free_mappings.find(bytes);
  if (found != free_mappings.end()) {
    mapping = found->second;
    free_bytes -= bytes;
    free_mappings.erase(found);
    return true;
  }
  void* all = mmap(nullptr, bytes + 2 * kFence, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) return false;
  mapping = {static_cast<char*>(all) + kFence, bytes};
  return mprotect(mapping.base, bytes, PROT_READ | PROT_WRITE) == 0;
}

}  // namespace

char* guarded_take(const void* original, std::size_t bytes, int argument) {
  std::lock_guard<std::mutex> lock(guarded_mutex);
  Slot* slot = nullptr;
  for (Slot& candidate : slots)
    if (candidate.low.load() == nullptr) {
      slot = &candidate;
      break;
    }
  const std::size_t alignment = tracing ? kTracedAlignment : kAlignment;
  // Room for the bytes at the original's place between two multiples of the alignment, rounded up to a power of two of pages.
  std::size_t room = page();
  while (room < bytes + alignment) room *= 2;
  Mapping mapping;
  if (slot == nullptr || !take_mapping(room, mapping)) return nullptr;
  const std::size_t past = reinterpret_cast<std::uintptr_t>(original) % alignment;
  char* high = mapping.base + mapping.bytes;
  char* begin = high - (bytes + alignment - 1) / alignment * alignment;
  if (past != 0) begin -= alignment - past;
  while (begin + alignment + bytes <= high) begin += alignment;
  const std::size_t before = static_cast<std::size_t>(begin - mapping.base);
  std::memset(begin - (before < 4096 ? before : 4096), kPattern, before < 4096 ? before : 4096);
  std::memset(begin + bytes, kPattern, static_cast<std::size_t>(high - begin) - bytes);
  std::memcpy(begin, original, bytes);
  slot->high = high;
  slot->begin = begin;
  slot->end = begin + bytes;
  slot->original = static_cast<const char*>(original);
  slot->argument = argument;
  slot->read_only = false;
  slot->low.store(mapping.base);
  return begin;
}

namespace {
Slot* slot_of(const char* begin) {
  for (Slot& slot : slots)
    if (slot.low.load() != nullptr && slot.begin == begin) return &slot;
  return nullptr;
}
}  // namespace

void guarded_read_only(char* begin) {
  std::lock_guard<std::mutex> lock(guarded_mutex);
  if (Slot* slot = slot_of(begin)) {
    slot->read_only = true;
    mprotect(slot->low.load(), static_cast<std::size_t>(slot->high - slot->low.load()), PROT_READ);
  }
}

bool guarded_damage(const char* begin, char* text, std::size_t size) {
  std::lock_guard<std::mutex> lock(guarded_mutex);
  const Slot* slot = slot_of(begin);
  if (slot == nullptr || slot->read_only) return false;
  const long bytes = static_cast<long>(slot->end - slot->begin);
  const char* low = slot->begin - slot->low.load() < 4096 ? slot->low.load() : slot->begin - 4096;
  for (const char* at = slot->end; at < slot->high; ++at) {
    if (static_cast<unsigned char>(*at) == kPattern) continue;
    std::snprintf(text, size, "a kernel wrote out of bounds: %ld bytes after the end of argument %d, which has %ld bytes",
                  static_cast<long>(at - slot->end), slot->argument, bytes);
    return true;
  }
  for (const char* at = slot->begin - 1; at >= low; --at) {
    if (static_cast<unsigned char>(*at) == kPattern) continue;
    std::snprintf(text, size, "a kernel wrote out of bounds: %ld bytes before the start of argument %d, which has %ld bytes",
                  static_cast<long>(slot->begin - at), slot->argument, bytes);
    return true;
  }
  return false;
}

void guarded_give(char* begin) {
  std::lock_guard<std::mutex> lock(guarded_mutex);
  Slot* slot = slot_of(begin);
  if (slot == nullptr) return;
  const Mapping mapping{slot->low.load(), static_cast<std::size_t>(slot->high - slot->low.load())};
  if (slot->read_only) mprotect(mapping.base, mapping.bytes, PROT_READ | PROT_WRITE);
  slot->low.store(nullptr);
  if (free_bytes + mapping.bytes > kKept) {
    munmap(mapping.base - kFence, mapping.bytes + 2 * kFence);
    return;
  }
  free_bytes += mapping.bytes;
  free_mappings.emplace(mapping.bytes, mapping);
}

void guarded_ranges(std::vector<GuardedRange>& ranges) {
  std::lock_guard<std::mutex> lock(guarded_mutex);
  ranges.clear();
  for (const Slot& slot : slots)
    if (const char* low = slot.low.load()) ranges.push_back({low - kFence, slot.high + kFence, slot.begin, slot.end, slot.original, slot.argument});
}

bool is_guarded(const void* address) {
  const char* at = static_cast<const char*>(address);
  for (const Slot& slot : slots) {
    const char* low = slot.low.load();
    if (low != nullptr && at >= low - kFence && at < slot.high + kFence) return true;
  }
  return false;
}

bool explain_guarded(const void* address, char* text, std::size_t size) {
  const char* at = static_cast<const char*>(address);
  for (const Slot& slot : slots) {
    const char* low = slot.low.load();
    if (low == nullptr || at < low - kFence || at >= slot.high + kFence) continue;
    const long bytes = static_cast<long>(slot.end - slot.begin);
    if (at >= slot.begin && at < slot.end)
      std::snprintf(text, size, "write to argument %d, which is read only (the host function takes it as const Tensor&)",
                    slot.argument);
    else if (at >= slot.end)
      std::snprintf(text, size, "out of bounds: %ld bytes after the end of argument %d, which has %ld bytes",
                    static_cast<long>(at - slot.end), slot.argument, bytes);
    else
      std::snprintf(text, size, "out of bounds: %ld bytes before the start of argument %d, which has %ld bytes",
                    static_cast<long>(slot.begin - at), slot.argument, bytes);
    return true;
  }
  return false;
}

}  // namespace kbk
