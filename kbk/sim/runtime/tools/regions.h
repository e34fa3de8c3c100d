// Global memory that a kernel may know of: the storages of the arguments of the call in hand, and what the host function allocated.
// Addresses are the caller's, as in Touch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kbk {

// A bit for each byte of a stretch of memory.
class Bits {
 public:
  void reset(std::uint64_t bytes) {
    words_.assign((bytes + 63) / 64, 0);
    high_ = 0;
  }
  // The same, where few of the bits are set: only those words are written.
  void reset_touched(std::uint64_t bytes) {
    if ((bytes + 63) / 64 != words_.size()) return reset(bytes);
    std::fill(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(high_), 0);
    high_ = 0;
  }
  bool empty() const { return words_.empty(); }
  void set(std::uint64_t first, std::uint64_t count);
  bool all(std::uint64_t first, std::uint64_t count) const;
  bool any(std::uint64_t first, std::uint64_t count) const;

 private:
  template <class Each>
  static bool each_word(std::uint64_t first, std::uint64_t count, Each each);
  std::vector<std::uint64_t> words_;
  std::size_t high_ = 0;  // after the last word that is not 0
};

enum class Owner : std::uint8_t { kArgument, kHostTensor, kAllocation, kMalloc };

struct Region {
  Region() = default;
  Region(std::uint64_t storage, std::uint64_t bytes, Owner whose, int which)
      : low(storage), high(storage + bytes), owner(whose), number(which) {}

  std::uint64_t low = 0, high = 0;  // of the storage
  Owner owner = Owner::kArgument;
  int number = 0;      // of the first argument with that storage, or of the allocation
  int dtype = -1;      // torch's number for the type of the elements, or -1
  bool fresh = false;  // allocated under the sanitizer's eyes, without contents
  std::uint32_t item = 0;  // bytes of an element, 0 if nobody knows
  Bits written;        // by kernels; empty if nobody asks
  std::uint64_t view_low = 0, view_high = 0;  // of the arguments that are views of it
  Bits inside;         // bytes that belong to one; empty: all from view_low to view_high
};

Region* region_of(std::uint64_t address);  // that holds the byte, or null

// What nobody has written: a NaN in every floating-point type.
unsigned char poison_at(std::uint64_t address);
// True if an element among these bytes, now at `at`, is still as it was allocated: no kernel wrote it, nobody else changed it.
bool has_untouched(const Region& region, std::uint64_t address, const void* at, std::uint32_t bytes);

// cudaMemset or cudaMemcpy wrote there.
void host_wrote(void* address, std::uint64_t bytes);

// For cudaMalloc and cudaFree, while somebody listens.
void malloc_region(void* address, std::uint64_t bytes);
void free_region(const void* address);

}  // namespace kbk
