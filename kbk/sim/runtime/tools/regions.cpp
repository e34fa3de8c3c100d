#include "regions.h"

#include "findings.h"

#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include "../forking.h"
#include "../guarded.h"
#include "../state.h"
#include "../trace.h"

namespace kbk {

template <class Each>
bool Bits::each_word(std::uint64_t first, std::uint64_t count, Each each) {
  while (count > 0) {
    const std::uint64_t bit = first % 64, here = count < 64 - bit ? count : 64 - bit;
    const std::uint64_t mask = (here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1) << bit;
    if (!each(first / 64, mask)) return false;
    first += here;
    count -= here;
  }
  return true;
}

void Bits::set(std::uint64_t first, std::uint64_t count) {
  each_word(first, count, [this](std::uint64_t word, std::uint64_t mask) { return words_[word] |= mask, true; });
  high_ = std::max(high_, static_cast<std::size_t>((first + count + 63) / 64));
}
bool Bits::all(std::uint64_t first, std::uint64_t count) const {
  return each_word(first, count, [this](std::uint64_t word, std::uint64_t mask) { return (words_[word] & mask) == mask; });
}
bool Bits::any(std::uint64_t first, std::uint64_t count) const {
  return !each_word(first, count, [this](std::uint64_t word, std::uint64_t mask) { return (words_[word] & mask) == 0; });
}

namespace {

std::map<std::uint64_t, Region> regions;           // of the call in hand, by `low`
std::mutex fresh_mutex;                            // torch allocates in other threads, too
const AfterFork fresh_anew([] { new (&fresh_mutex) std::mutex; });
std::map<std::uint64_t, Region> fresh;             // memory without contents that outlives a call, by `low`
constexpr std::uint64_t kMostFresh = std::uint64_t{1} << 30;
std::vector<Region> freed;                         // by cudaFree in the call in hand
Region* last_hit = nullptr;
int allocations = 0;

void drop(std::map<std::uint64_t, Region>& from, std::uint64_t low, std::uint64_t high) {
  for (auto it = from.begin(); it != from.end();)
    it = it->second.low < high && low < it->second.high ? from.erase(it) : std::next(it);
  if (&from == &regions) last_hit = nullptr;
}

void poison(void* to, std::uint64_t address, std::uint64_t bytes) {
  auto* at = static_cast<unsigned char*>(to);
  if (address % 2 == 0 && bytes >= 2) {
    const unsigned char pair[2] = {poison_at(0), poison_at(1)};
    std::memcpy(at, pair, 2);
    for (std::uint64_t done = 2; done < bytes; done *= 2) std::memcpy(at + done, at, done < bytes - done ? done : bytes - done);
    return;
  }
  for (std::uint64_t i = 0; i < bytes; ++i) at[i] = poison_at(address + i);
}

// Marks the bytes of a strided view, row by row.
void mark(Bits& bits, std::uint64_t first, std::uint64_t item, int dim, const std::int64_t* shape, const std::int64_t* strides) {
  if (dim == 0) return bits.set(first, item);
  if (strides[0] == 0) return mark(bits, first, item, dim - 1, shape + 1, strides + 1);
  if (dim == 1 && strides[0] == 1) return bits.set(first, item * static_cast<std::uint64_t>(shape[0]));
  for (std::int64_t i = 0; i < shape[0]; ++i)
    mark(bits, first + static_cast<std::uint64_t>(i * strides[0]) * item, item, dim - 1, shape + 1, strides + 1);
}

// Single bytes may well be what the poison is: one other value tells that somebody has filled the memory.
bool has_contents(const Region& region) {
  const auto* at = reinterpret_cast<const unsigned char*>(region.low);
  for (std::uint64_t i = 0; i < region.high - region.low; ++i)
    if (at[i] != poison_at(region.low + i) && !region.written.any(i, 1)) return true;
  return false;
}

}  // namespace

unsigned char poison_at(std::uint64_t address) { return address % 2 == 0 ? 0xfd : 0x7f; }

Region* region_of(std::uint64_t address) {
  if (last_hit != nullptr && address >= last_hit->low && address < last_hit->high) return last_hit;
  auto it = regions.upper_bound(address);
  if (it == regions.begin()) return nullptr;
  --it;
  if (address >= it->second.high) return nullptr;
  return last_hit = &it->second;
}

bool has_untouched(const Region& region, std::uint64_t address, const void* at, std::uint32_t bytes) {
  if (!region.fresh) return false;
  const std::uint32_t step = region.item >= 2 && region.item < bytes && bytes % region.item == 0 ? region.item : bytes;
  const auto* now = static_cast<const unsigned char*>(at);
  for (std::uint32_t first = 0; first < bytes; first += step) {
    bool untouched = !region.written.any(address + first - region.low, step);
    for (std::uint32_t i = first; untouched && i < first + step; ++i) untouched = now[i] == poison_at(address + i);
    if (untouched) return true;
  }
  return false;
}

void host_wrote(void* address, std::uint64_t bytes) {
  auto at = reinterpret_cast<std::uintptr_t>(address);
  std::vector<GuardedRange> ranges;
  guarded_ranges(ranges);
  for (const GuardedRange& range : ranges)
    if (address >= range.begin && address < range.end)
      at = reinterpret_cast<std::uintptr_t>(range.original) + static_cast<std::uint64_t>(static_cast<char*>(address) - range.begin);
  Region* region = region_of(at);
  if (region == nullptr || region->written.empty()) return;
  region->written.set(at - region->low, bytes < region->high - at ? bytes : region->high - at);
}

void malloc_region(void* address, std::uint64_t bytes) {
  const auto low = reinterpret_cast<std::uintptr_t>(address);
  if (bytes == 0) return;
  drop(regions, low, low + bytes);
  Region region(low, bytes, Owner::kMalloc, ++allocations);
  region.view_low = low, region.view_high = low + bytes;
  region.fresh = true;
  region.written.reset(bytes);
  poison(address, low, bytes);
  regions[low] = std::move(region);
}

void free_region(const void* address) {
  const auto known = regions.find(reinterpret_cast<std::uintptr_t>(address));
  if (known == regions.end()) return;
  freed.push_back(std::move(known->second));
  regions.erase(known);
  last_hit = nullptr;
}

// --- for the traced build of a host function (kbk/include/kbk/watched.h)

// The host function asked for the address of a tensor with this storage. `empty`: it has just been allocated, without contents.
void watch_storage(void* storage, std::uint64_t bytes, int dtype, std::uint32_t item, bool empty) {
  const auto low = reinterpret_cast<std::uintptr_t>(storage);
  if (!checking || bytes == 0 || is_guarded(storage)) return;
  if (!empty) {
    const Region* known = region_of(low);
    const bool lives = known != nullptr && known->owner != Owner::kAllocation && low + bytes <= known->high;
    if (lives || (known != nullptr && known->low == low && known->high == low + bytes)) return;
  }
  drop(regions, low, low + bytes);
  Region region(low, bytes, Owner::kAllocation, ++allocations);
  region.view_low = low, region.view_high = low + bytes;
  region.fresh = empty;
  region.dtype = dtype;
  region.item = item;
  if (empty) {
    region.written.reset(bytes);
    poison(storage, low, bytes);
  }
  regions[low] = std::move(region);
}

// Somebody else than a kernel has written to this storage: torch, in the host function.
void watch_contents(void* storage) {
  const auto known = regions.find(reinterpret_cast<std::uintptr_t>(storage));
  if (known != regions.end()) known->second.fresh = false;
}

extern "C" {

// --- for Python: the arguments of a call, before it

KBK_API void kbk_sim_watch_begin() {
  for (auto it = regions.begin(); it != regions.end();)
    it = it->second.owner == Owner::kMalloc ? std::next(it) : regions.erase(it);
  freed.clear();
  allocations = 0;
  last_hit = nullptr;
}

// Argument `number` is a view of a storage; `flags`: 1 the host function may write it, 2 it is a HostTensor.
KBK_API void kbk_sim_watch_argument(int number, int flags, std::uint64_t storage, std::uint64_t bytes, std::uint64_t data,
                                    std::uint64_t item, int dim, const std::int64_t* shape, const std::int64_t* strides) {
  if (bytes == 0) return;
  auto known = regions.find(storage);
  if (known == regions.end()) {
    Region region(storage, bytes, (flags & 2) != 0 ? Owner::kHostTensor : Owner::kArgument, number);
    std::lock_guard<std::mutex> lock(fresh_mutex);
    const auto before = fresh.find(storage);
    if (before != fresh.end() && before->second.high == region.high) {
      region.fresh = true;
      region.item = static_cast<std::uint32_t>(item);
      region.written = before->second.written;
      if (item == 1 && has_contents(region)) region.fresh = false;
    }
    known = regions.emplace(storage, std::move(region)).first;
  }
  Region& region = known->second;
  if ((flags & 1) != 0 && region.written.empty()) region.written.reset(bytes);
  std::uint64_t last = 0, count = 1;
  for (int i = 0; i < dim; ++i) {
    count *= static_cast<std::uint64_t>(shape[i]);
    last += static_cast<std::uint64_t>((shape[i] - 1) * strides[i]);
  }
  if (count == 0) return;
  const std::uint64_t low = data, high = data + (last + 1) * item;
  const bool dense = (last + 1) == count, first = region.view_high == 0;
  if (region.inside.empty() && (!dense || (!first && (low > region.view_high || high < region.view_low)))) {
    region.inside.reset(bytes);
    if (!first) region.inside.set(region.view_low - region.low, region.view_high - region.view_low);
  }
  if (!region.inside.empty()) mark(region.inside, low - region.low, item, dim, shape, strides);
  region.view_low = first || low < region.view_low ? low : region.view_low;
  region.view_high = first || high > region.view_high ? high : region.view_high;
}

// How many elements of a view the kernels of the call have not written, and the address of the first of them.
KBK_API std::uint64_t kbk_sim_watch_unwritten(std::uint64_t storage, std::uint64_t data, std::uint64_t item, int dim,
                                              const std::int64_t* shape, const std::int64_t* strides, std::uint64_t* address) {
  const auto known = regions.find(storage);
  if (known == regions.end() || known->second.written.empty()) return 0;
  const Region& region = known->second;
  std::uint64_t missing = 0, count = 1;
  for (int i = 0; i < dim; ++i) count *= static_cast<std::uint64_t>(shape[i]);
  std::uint64_t last = 0;
  for (int i = 0; i < dim; ++i) last += static_cast<std::uint64_t>((shape[i] - 1) * strides[i]);
  if (count == 0 || region.written.all(data - region.low, (last + 1) * item)) return 0;
  if (!region.written.any(data - region.low, (last + 1) * item)) return *address = data, count;
  for (std::uint64_t n = 0; n < count; ++n) {
    std::uint64_t at = data, rest = n;
    for (int i = dim - 1; i >= 0; --i) {
      at += rest % static_cast<std::uint64_t>(shape[i]) * static_cast<std::uint64_t>(strides[i]) * item;
      rest /= static_cast<std::uint64_t>(shape[i]);
    }
    if (region.written.any(at - region.low, item)) continue;
    if (missing++ == 0) *address = at;
  }
  return missing;
}

// The storages of the call, one a line: owner, number, first byte, bytes, dtype. The text holds until the next call.
KBK_API const char* kbk_sim_watch_regions() {
  static std::string text;
  text.clear();
  const char* const owners[] = {"argument", "host", "allocation", "malloc"};
  auto tell = [&](const Region& region) {
    text += std::string(owners[static_cast<int>(region.owner)]) + " " + std::to_string(region.number) + " " +
            std::to_string(region.low) + " " + std::to_string(region.high - region.low) + " " + std::to_string(region.dtype) + "\n";
  };
  for (const auto& each : regions) tell(each.second);
  for (const Region& region : freed) tell(region);
  return text.c_str();
}

// Ends the call: what its kernels wrote to memory without contents is remembered, for those who keep it.
KBK_API void kbk_sim_watch_end() {
  std::unique_lock<std::mutex> lock(fresh_mutex);
  for (auto& [low, region] : regions)
    if (region.fresh && region.owner != Owner::kMalloc) {
      drop(fresh, region.low, region.high);
      fresh[low] = std::move(region);
    }
  kbk_sim_watch_begin();
}

// Memory that was allocated without contents outside a call.
KBK_API void kbk_sim_watch_fresh(std::uint64_t storage, std::uint64_t bytes) {
  std::lock_guard<std::mutex> lock(fresh_mutex);
  drop(fresh, storage, storage + bytes);
  if (bytes > kMostFresh) return;  // a tensor that is to be written here and there need not be there as a whole
  Region region(storage, bytes, Owner::kAllocation, 0);
  region.fresh = true;
  region.written.reset(bytes);
  poison(reinterpret_cast<void*>(storage), storage, bytes);
  fresh[storage] = std::move(region);
}
// It has contents now, or is gone. 0: all of it.
KBK_API void kbk_sim_watch_forget(std::uint64_t storage) {
  std::lock_guard<std::mutex> lock(fresh_mutex);
  if (storage == 0)
    fresh.clear();
  else
    fresh.erase(storage);
}
}

}  // namespace kbk
