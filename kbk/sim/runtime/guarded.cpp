// Memory for the tensors of a call: an inaccessible stretch follows the last byte and precedes the first page, so that a kernel which
// leaves a tensor is ended before it damages anything else of the process. The bytes that alignment leaves over hold a pattern that
// is looked at after the call.
#include "guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
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
bool fenced = false;        // host code may not touch the tensors of a call
int fence_open = 0;         // launches and copies in hand, for which it is down
struct Range {
  char* low;
  std::size_t bytes;
};
std::vector<Range> large;  // tensors that are used where they are
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

// What may be done with a slot's memory now.
void protect(Slot& slot) {
  const bool closed = fenced && fence_open == 0;
  char* low = slot.low.load();
  mprotect(low, static_cast<std::size_t>(slot.high - low), closed ? PROT_NONE : slot.read_only ? PROT_READ : PROT_READ | PROT_WRITE);
}

void protect_all() {
  for (Slot& slot : slots)
    if (slot.low.load() != nullptr) protect(slot);
  for (const Range& range : large)
    mprotect(range.low, range.bytes, fenced && fence_open == 0 ? PROT_NONE : PROT_READ | PROT_WRITE);
}

// A host function that touches a tensor is about to end the process: say why. Only what a signal handler may do.
void host_fault(int number, siginfo_t* info, void*) {
  const char* at = static_cast<const char*>(info->si_addr);
  bool ours = is_guarded(at);
  for (const Range& range : large) ours = ours || (at >= range.low && at < range.low + range.bytes);
  static const char kText[] = "\nkbk: the host function touched memory of the device\n";
  if (ours && write(2, kText, sizeof kText - 1) < 0) _exit(1);
  signal(number, SIG_DFL);
}

}  // namespace

FenceDown::FenceDown() {
  if (!fenced) return;
  std::lock_guard<std::mutex> lock(guarded_mutex);
  if (fence_open++ == 0) protect_all();
}

FenceDown::~FenceDown() {
  if (!fenced) return;
  std::lock_guard<std::mutex> lock(guarded_mutex);
  if (--fence_open == 0) protect_all();
}

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
  if (fenced) protect(*slot);
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
    protect(*slot);
  }
}

bool guarded_damage(const char* begin, char* text, std::size_t size) {
  std::lock_guard<std::mutex> lock(guarded_mutex);
  Slot* slot = slot_of(begin);
  if (slot == nullptr || slot->read_only) return false;
  mprotect(slot->low.load(), static_cast<std::size_t>(slot->high - slot->low.load()), PROT_READ | PROT_WRITE);  // the call is over
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
  if (slot->read_only || fenced) mprotect(mapping.base, mapping.bytes, PROT_READ | PROT_WRITE);
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

extern "C" {
// From now on host code may not touch the tensors of a call, but through cudaMemcpy and its kin: as on a GPU, and for the grader.
KBK_API void kbk_sim_fence(int on) {
  kbk::fenced = on != 0;
  if (!kbk::fenced) return;
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = kbk::host_fault;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

// The same for whole pages that a call uses where they are; 0 bytes: for none any more.
KBK_API void kbk_sim_fence_range(std::uint64_t address, std::uint64_t bytes) {
  std::lock_guard<std::mutex> lock(kbk::guarded_mutex);
  if (bytes != 0) {
    kbk::large.push_back({reinterpret_cast<char*>(address), static_cast<std::size_t>(bytes)});
    return kbk::protect_all();
  }
  for (const kbk::Range& range : kbk::large) mprotect(range.low, range.bytes, PROT_READ | PROT_WRITE);
  kbk::large.clear();
}
}  // extern "C"
