// Counters of a launch, as kbk/profiler/counted.py reads them.
#pragma once

#include <cstdint>
#include <vector>

#include "cost.h"
#include "requests.h"

namespace kbk {

// Of all requests of one place, kind and argument.
struct Sum {
  explicit Sum(std::uint64_t k) : key(k) {}
  void add(const Cost& one, unsigned threads, unsigned bytes) {
    ++requests;
    cost += one.cost;
    theoretical += one.theoretical;
    ideal += one.ideal;
    distinct += one.distinct;
    lanes += threads;
    asked += std::uint64_t{threads} * bytes;
  }
  std::uint64_t key;       // pc << 32 | bytes << 24 | argument << 16 | space << 8 | part << 7 | kind
  std::uint64_t requests = 0, cost = 0, theoretical = 0, ideal = 0;
  std::uint64_t lanes = 0;     // threads that took part
  std::uint64_t asked = 0;     // bytes, those of each thread
  std::uint64_t distinct = 0;  // bytes, one that several threads of a request ask for counted once
};
static_assert(sizeof(Sum) == 64, "kbk: Python reads 64 bytes a sum");

// Of the launch as a whole.
struct Totals {
  std::uint64_t blocks = 0, warps = 0, active_blocks = 0;
  std::uint64_t barriers = 0, barriers_per_block = 0;
  std::uint64_t collectives = 0, collectives_per_warp = 0;
  std::uint64_t special_per_thread = 0;
  std::uint64_t atomics_per_block = 0, atomics_per_launch = 0;  // on one address
  std::uint64_t shared_bytes = 0;                               // of a block
  std::uint64_t read = 0, written = 0, most_writes = 0;         // bytes of global memory, and the most writes of one
  std::uint64_t special[8] = {};                                // by Special
};

RequestListener& request_counters();
const std::vector<Sum>& counted_sums();
const Totals& counted_totals();


}  // namespace kbk
