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
  unsigned cost = 0;         // sectors or wavefronts, as the hardware counts them
  unsigned theoretical = 0;  // the same, as Nsight Compute computes them from addresses: it leaves out some of what happens
  unsigned ideal = 0;        // the least for so many lanes
  unsigned distinct = 0;     // bytes, one asked for twice counted once
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

// No more than there are, and no less than all lanes need that ask for different bytes.
inline unsigned ideal_of(unsigned theoretical, std::uint64_t asked, unsigned unit) {
  return std::min(theoretical, static_cast<unsigned>((asked + unit - 1) / unit));
}

// Loads and stores.
inline Cost global_cost(const std::uint64_t* addresses, unsigned lanes, unsigned bytes) {
  Units<kSectorBytes> sectors;
  for (unsigned i = 0; i < lanes; ++i) sectors.add(addresses[i], bytes);
  sectors.settle();
  Cost cost;
  cost.cost = cost.theoretical = sectors.count();
  cost.distinct = sectors.bytes();
  cost.ideal = ideal_of(cost.theoretical, std::uint64_t{lanes} * bytes, kSectorBytes);
  return cost;
}

// Atomics: lanes at one address are served one after the other, each time with the sector.
inline Cost global_atomic_cost(const std::uint64_t* addresses, unsigned lanes, unsigned bytes) {
  Cost cost = global_cost(addresses, lanes, bytes);
  std::uint64_t sorted[32];
  std::copy(addresses, addresses + lanes, sorted);
  std::sort(sorted, sorted + lanes);
  cost.cost = 0;
  for (unsigned i = 0; i < lanes;) {
    const std::uint64_t sector = sorted[i] / kSectorBytes;
    unsigned most = 0, alike = 0;
    for (std::uint64_t last = ~0ull; i < lanes && sorted[i] / kSectorBytes == sector; ++i) {
      alike = sorted[i] == last ? alike + 1 : 1;
      last = sorted[i];
      most = std::max(most, alike);
    }
    cost.cost += most;
  }
  return cost;
}

// The same for one run of bytes.
inline Cost dense_cost(std::uint64_t address, std::uint64_t bytes) {
  Cost cost;
  cost.cost = cost.theoretical = static_cast<unsigned>((address + bytes - 1) / kSectorBytes - address / kSectorBytes + 1);
  cost.distinct = static_cast<unsigned>(bytes);
  cost.ideal = static_cast<unsigned>((bytes + kSectorBytes - 1) / kSectorBytes);
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

// The same, of a warp that is served in parts of so many lanes.
inline unsigned wavefronts_in_parts(const std::uint64_t* addresses, const unsigned char* lane, unsigned lanes, unsigned bytes,
                                    unsigned together) {
  unsigned sum = 0;
  for (unsigned i = 0; i < lanes;) {
    const unsigned part = lane[i] / together;
    unsigned end = i + 1;
    while (end < lanes && lane[end] / together == part) ++end;
    sum += wavefronts_of(addresses + i, end - i, bytes);
    i = end;
  }
  return sum;
}

// Whether every lane that takes part asks for the same as the lane whose number differs in `bit`, if that takes part.
inline bool pairs_agree(const std::uint64_t* addresses, const unsigned char* lane, unsigned lanes, unsigned bit) {
  std::uint64_t by_lane[32];
  std::uint32_t present = 0;
  for (unsigned i = 0; i < lanes; ++i) {
    by_lane[lane[i]] = addresses[i];
    present |= 1u << lane[i];
  }
  for (unsigned i = 0; i < lanes; ++i) {
    const unsigned other = lane[i] ^ bit;
    if ((present >> other & 1) != 0 && by_lane[other] != addresses[i]) return false;
  }
  return true;
}

// Loads and stores; `lane[i]` is the lane of the i-th access, in order.
inline Cost shared_cost(const std::uint64_t* addresses, const unsigned char* lane, unsigned lanes, unsigned bytes, bool load) {
  Cost cost;
  const unsigned together = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  cost.cost = cost.theoretical = wavefronts_in_parts(addresses, lane, lanes, bytes, together);
  // Wide loads whose lanes ask for the same two by two are served twice as many at a time. Nsight Compute's computation knows that
  // where it leaves no conflict.
  if (load && together < 32 && (pairs_agree(addresses, lane, lanes, 1) || pairs_agree(addresses, lane, lanes, 2))) {
    cost.cost = wavefronts_in_parts(addresses, lane, lanes, bytes, 2 * together);
    unsigned parts = 0;
    for (unsigned i = 0; i < lanes; ++i) parts += i == 0 || lane[i] / (2 * together) != lane[i - 1] / (2 * together);
    if (cost.cost == parts) cost.theoretical = cost.cost;
  }
  Units<4> words;
  for (unsigned i = 0; i < lanes; ++i) words.add(addresses[i], bytes);
  words.settle();
  cost.distinct = words.bytes();
  cost.ideal = ideal_of(cost.theoretical, std::uint64_t{lanes} * bytes, 128);
  return cost;
}

// Atomics: a bank serves one lane at a time, those at one address too.
inline Cost shared_atomic_cost(const std::uint64_t* addresses, const unsigned char* lane, unsigned lanes, unsigned bytes) {
  Cost cost = shared_cost(addresses, lane, lanes, bytes, false);
  unsigned char per_bank[32] = {};
  unsigned most = 0;
  for (unsigned i = 0; i < lanes; ++i) most = std::max<unsigned>(most, ++per_bank[addresses[i] / 4 % 32]);
  cost.cost = cost.theoretical = most;
  cost.ideal = ideal_of(most, std::uint64_t{lanes} * bytes, 128);
  return cost;
}

}  // namespace kbk
