// Shared memory: one arena a block, static variables from its low end, dynamic memory against an inaccessible page at
// its high end.
// Never zero at the start of a block: every byte is poison (0xff: NaN as a float, -1 as an integer).
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

#include "forking.h"
#include "state.h"
#include "trace.h"

namespace kbk {

namespace {

constexpr unsigned kRedZone = 64;              // poison around every static variable: at least this, and one element
constexpr unsigned kMostRedZone = 1024;
constexpr std::size_t kStaticBytes = 160 * 1024;  // 48 KB of variables plus their red zones
constexpr std::size_t kDynamicAlignment = 128;
constexpr int kPoison = 0xff;

std::mutex arena_mutex;
const AfterFork arena_mutex_anew([] { new (&arena_mutex) std::mutex; });
std::vector<Arena> arenas;  // free ones

std::size_t arena_bytes() { return kStaticBytes + 232 * 1024; }

}  // namespace

Arena take_arena() {
  std::lock_guard<std::mutex> lock(arena_mutex);
  if (!arenas.empty()) {
    Arena arena = arenas.back();
    arenas.pop_back();
    return arena;
  }
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t bytes = (arena_bytes() + page - 1) / page * page;
  void* base = mmap(nullptr, bytes + kArenaFence, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) throw std::bad_alloc();
  mprotect(static_cast<char*>(base) + bytes, kArenaFence, PROT_NONE);
  return {static_cast<char*>(base), static_cast<char*>(base) + bytes};
}

void give_arena(const Arena& arena) {
  std::lock_guard<std::mutex> lock(arena_mutex);
  arenas.push_back(arena);
}

void prepare_shared(Block& block) {
  if (block.arena.base == nullptr) block.arena = take_arena();
  Launch& launch = *block.launch;
  const std::size_t bytes = launch.config.dynamic_bytes;
  block.dynamic = block.arena.end - (bytes + kDynamicAlignment - 1) / kDynamicAlignment * kDynamicAlignment;
  std::memset(block.dynamic, kPoison, static_cast<std::size_t>(block.arena.end - block.dynamic));
  block.static_poisoned = launch.static_used.load(std::memory_order_acquire);
  std::memset(block.arena.base, kPoison, block.static_poisoned);
}

void* shared_slot(SharedSlot* slot) {
  if (current == nullptr) trap("unsupported", "a __shared__ variable was used outside a kernel");
  Block& block = *current->block;
  Launch& launch = *block.launch;
  const unsigned red = std::min(std::max(kRedZone, slot->element), kMostRedZone);
  if (__atomic_load_n(&slot->serial, __ATOMIC_ACQUIRE) != launch.serial) {
    std::unique_lock<std::mutex> lock(arena_mutex);
    if (slot->serial != launch.serial) {
      const unsigned used = launch.static_used.load(std::memory_order_relaxed);
      const unsigned align = slot->align > 16 ? slot->align : 16;
      const unsigned offset = (used + red + align - 1) / align * align;
      const unsigned end = offset + slot->size + red;
      const Profile& p = profile();
      const std::size_t all = launch.static_bytes + slot->size, total = all + launch.config.dynamic_bytes;
      const auto limit = static_cast<std::size_t>(p.shared_per_block);
      const auto both = static_cast<std::size_t>(launch.info->dynamic_limit >= 0 ? p.shared_per_block_optin : p.shared_per_block);
      std::string why;
      if (end > kStaticBytes || all > limit)
        why = std::string("with the __shared__ variable ") + slot->name + " (" + std::to_string(slot->size) +
              " bytes) a block has " + std::to_string(all) + " bytes of static shared memory; the limit is " +
              std::to_string(limit);
      else if (total > both)
        why = std::to_string(all) + " bytes of static and " + std::to_string(launch.config.dynamic_bytes) +
              " bytes of dynamic shared memory are " + std::to_string(total) + "; the limit of a block is " + std::to_string(both);
      if (!why.empty()) {
        lock.unlock();
        trap("launch", why.c_str());
      }
      launch.static_bytes = all;
      launch.slots.push_back(slot);
      slot->offset = offset;
      launch.static_used.store(end, std::memory_order_release);
      __atomic_store_n(&slot->serial, launch.serial, __ATOMIC_RELEASE);
    }
  }
  const unsigned end = slot->offset + slot->size + red;
  if (end > block.static_poisoned) {
    std::memset(block.arena.base + block.static_poisoned, kPoison, end - block.static_poisoned);
    block.static_poisoned = end;
  }
  return block.arena.base + slot->offset;
}

void* dynamic_shared(const char* name, unsigned element, char type) {
  if (current == nullptr) trap("unsupported", "dynamic shared memory was used outside a kernel");
  Launch& launch = *current->block->launch;
  if (tracing) launch.dynamic = {name, element, type};
  return current->block->dynamic;
}

unsigned shared_offset(const void* address) {
  if (current == nullptr) trap("unsupported", "an address of shared memory was asked for outside a kernel");
  const Arena& arena = current->block->arena;
  const auto* at = static_cast<const char*>(address);
  if (at < arena.base || at > arena.end + kArenaFence)
    trap("trap", "the pointer that becomes an address of shared memory points elsewhere");
  return static_cast<unsigned>(at - arena.base);
}

void* shared_at(unsigned offset) {
  if (current == nullptr) trap("unsupported", "an address of shared memory was used outside a kernel");
  return current->block->arena.base + offset;
}

unsigned dynamic_shared_bytes() {
  return current == nullptr ? 0 : static_cast<unsigned>(current->block->launch->config.dynamic_bytes);
}

}  // namespace kbk
