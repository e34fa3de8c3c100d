// What one request of a warp costs: sectors of global memory, wavefronts of shared memory, and the least that its bytes need.
//
// A sector is 32 bytes at a multiple of 32. Shared memory has 32 banks of 4 bytes; in one wavefront a bank gives one word, to all who
// ask for it. Lanes that ask for 8 bytes are served half a warp at a time, for 16 bytes a quarter. CUDA C++ Best Practices Guide,
// "Coalesced Access to Global Memory" and "Shared Memory and Memory Banks"; what they leave open is pinned by counts of Nsight Compute:
// measurements/ncu/patterns.*.json.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kbk {

struct Cost {
  unsigned cost = 0;      // sectors or wavefronts
  unsigned ideal = 0;     // the least for so many bytes
  unsigned distinct = 0;  // bytes, one asked for twice counted once
};

constexpr unsigned kSectorBytes = 32;

// The bytes that n accesses (32 at most) ask for, each a run of `bytes`, grouped by unit of kUnit bytes.
template <unsigned kUnit>
class Units {
 public:
  void add(std::uint64_t address, unsigned bytes) {
    while (bytes != 0) {
      const std::uint64_t unit = address / kUnit;
      const unsigned low = static_cast<unsigned>(address % kUnit), here = std::min(bytes, kUnit - low);
      const std::uint32_t mask = (here == 32 ? ~0u : (1u << here) - 1) << low;
      if (count_ != 0 && units_[count_ - 1] == unit) {
        masks_[count_ - 1] |= mask;
      } else {
        sorted_ = sorted_ && (count_ == 0 || units_[count_ - 1] < unit);
        units_[count_] = unit;
        masks_[count_++] = mask;
      }
      address += here;
      bytes -= here;
    }
  }
  // Different units, in order of address.
  void settle() {
    if (sorted_) return;
    // Few and nearly in order, most often: insertion.
    for (unsigned i = 1; i < count_; ++i) {
      const std::uint64_t unit = units_[i];
      const std::uint32_t mask = masks_[i];
      unsigned at = i;
      for (; at != 0 && units_[at - 1] > unit; --at) units_[at] = units_[at - 1], masks_[at] = masks_[at - 1];
      units_[at] = unit;
      masks_[at] = mask;
    }
    unsigned kept = 0;
    for (unsigned i = 1; i < count_; ++i)
      if (units_[i] == units_[kept])
        masks_[kept] |= masks_[i];
      else
        units_[++kept] = units_[i], masks_[kept] = masks_[i];
    count_ = kept + 1;
    sorted_ = true;
  }
  unsigned count() const { return count_; }
  std::uint64_t unit(unsigned i) const { return units_[i]; }
  unsigned bytes() const {
    unsigned sum = 0;
    for (unsigned i = 0; i < count_; ++i) sum += static_cast<unsigned>(__builtin_popcount(masks_[i]));
    return sum;
  }

 private:
  // 32 accesses of 16 bytes lie in up to 5 words each; of at most 256 bytes (a memcpy) in up to 9 sectors.
  static constexpr unsigned kMost = 32 * 9;
  std::uint64_t units_[kMost];
  std::uint32_t masks_[kMost];
  unsigned count_ = 0;
  bool sorted_ = true;
};

inline Cost global_cost(const std::uint64_t* addresses, unsigned lanes, unsigned bytes) {
  Units<kSectorBytes> sectors;
  for (unsigned i = 0; i < lanes; ++i) sectors.add(addresses[i], bytes);
  sectors.settle();
  Cost cost;
  cost.cost = sectors.count();
  cost.distinct = sectors.bytes();
  cost.ideal = (cost.distinct + kSectorBytes - 1) / kSectorBytes;
  return cost;
}

// Wavefronts of lanes that are served together: the largest number of different words of one bank.
inline unsigned wavefronts_of(const std::uint64_t* addresses, unsigned lanes, unsigned bytes) {
  if (lanes == 0) return 0;
  Units<4> words;
  for (unsigned i = 0; i < lanes; ++i) words.add(addresses[i], bytes);
  words.settle();
  unsigned char per_bank[32] = {};
  unsigned most = 0;
  for (unsigned i = 0; i < words.count(); ++i) most = std::max<unsigned>(most, ++per_bank[words.unit(i) % 32]);
  return most;
}

// `lane[i]` is the lane of the i-th access, in order.
inline Cost shared_cost(const std::uint64_t* addresses, const unsigned char* lane, unsigned lanes, unsigned bytes) {
  Cost cost;
  const unsigned together = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  for (unsigned i = 0; i < lanes;) {
    const unsigned part = lane[i] / together;
    unsigned end = i + 1;
    while (end < lanes && lane[end] / together == part) ++end;
    cost.cost += wavefronts_of(addresses + i, end - i, bytes);
    i = end;
  }
  Units<4> words;
  for (unsigned i = 0; i < lanes; ++i) words.add(addresses[i], bytes);
  words.settle();
  cost.distinct = words.bytes();
  cost.ideal = std::max(1u, (words.count() + 31) / 32);
  return cost;
}

}  // namespace kbk
