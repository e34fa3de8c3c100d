// Adds up what requests cost: by place of the code, kind and argument, and what is told of a launch as a whole.
#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cost.h"
#include "counters.h"
#include "requests.h"
#include "touched.h"

namespace kbk {

namespace {

constexpr unsigned kSpecials = 8;

class Counters : public RequestListener {
 public:
  void begin(const Launch& launch, std::uintptr_t) override {
    sums_.clear();
    by_key_.clear();
    last_key_ = ~0ull;
    blocks_.clear();
    launch_atomics_.clear();
    totals_ = {};
    totals_.shared_bytes = launch.config.dynamic_bytes;
    touched_clear();
  }
  void block_begin(const Block& block) override {
    InBlock& here = blocks_[&block];
    here.special.assign(block.threads.size(), 0);
    here.collectives.assign(block.warps.size(), 0);
    at_ = nullptr;
  }

  void request(const Request& request) override {
    const Event& first = request.first;
    switch (first.kind) {
      case Kind::kCollective:
        if (static_cast<Op>(first.bytes) != Op::kSync) ++in_block(request.block).collectives[request.warp];
        sum_of(key_of(first, first.kind, -1, false)).add({}, request.count, 0);
        return;
      case Kind::kSpecial: special(request, first); return;
      case Kind::kTurn: return;
      default: break;
    }
    const Kind kind = request.kind;
    if (is_atomic(kind)) atomics(request);
    sum_of(key_of(first, kind, request.mixed ? -1 : request.argument, false)).add(request.cost, request.count, first.bytes);
    if (first.space == Space::kShared) return;
    if (request.mixed) by_argument(request, kind);
    InBlock& here = in_block(request.block);
    here.stored = here.stored || kind != Kind::kLoad;
    const auto touched = kind == Kind::kLoad ? touched_read : touched_write;
    if (request.dense) return touched(first.address, request.count * first.bytes);
    for (unsigned i = 0; i < request.count; ++i) touched(request.addresses[i], first.bytes);
  }

  void barrier(const Block& block) override {
    ++totals_.barriers;
    totals_.barriers_per_block = std::max(totals_.barriers_per_block, ++in_block(block).barriers);
  }
  void block_end(const Block& block) override {
    InBlock& here = in_block(block);
    for (const std::uint64_t each : here.special) totals_.special_per_thread = std::max(totals_.special_per_thread, each);
    for (const std::uint64_t each : here.collectives) {
      totals_.collectives += each;
      totals_.collectives_per_warp = std::max(totals_.collectives_per_warp, each);
    }
    totals_.warps += here.collectives.size();
    for (const auto& each : here.atomics) totals_.atomics_per_block = std::max(totals_.atomics_per_block, each.second);
    totals_.active_blocks += here.stored;
    ++totals_.blocks;
    blocks_.erase(&block);
    at_ = nullptr;
  }
  void end(const Launch& launch) override {
    for (const auto& each : launch_atomics_) totals_.atomics_per_launch = std::max(totals_.atomics_per_launch, each.second);
    totals_.atomics_per_launch = std::max(totals_.atomics_per_launch, totals_.atomics_per_block);
    totals_.shared_bytes += launch.static_bytes;
    const Touched all = touched_all();
    totals_.read = all.read;
    totals_.written = all.written;
    totals_.most_writes = all.most_writes;
    launch_atomics_.clear();
  }

  const std::vector<Sum>& sums() const { return sums_; }
  const Totals& totals() const { return totals_; }

 private:
  struct InBlock {
    std::vector<std::uint64_t> special;      // calls of each thread
    std::vector<std::uint64_t> collectives;  // of each warp
    std::unordered_map<std::uint64_t, std::uint64_t> atomics;  // by address; of shared memory with the highest bit set
    std::uint64_t barriers = 0;
    bool stored = false;
  };

  // pc, kind, space, argument, bytes, and whether it is the part of a request that an argument has in it.
  static std::uint64_t key_of(const Event& event, Kind kind, int argument, bool part) {
    return std::uint64_t{event.pc} << 32 | std::uint64_t{event.bytes} << 24 | std::uint64_t{static_cast<std::uint8_t>(argument)} << 16 |
           std::uint64_t{static_cast<std::uint8_t>(event.space)} << 8 | std::uint64_t{part} << 7 | static_cast<std::uint8_t>(kind);
  }
  Sum& sum_of(std::uint64_t key) {
    if (key != last_key_) {
      last_key_ = key;
      const auto found = by_key_.emplace(key, sums_.size());
      if (found.second) sums_.emplace_back(key);
      last_ = found.first->second;
    }
    return sums_[last_];
  }
  InBlock& in_block(const Block& block) {
    if (at_ == nullptr || &block != block_) {
      block_ = &block;
      at_ = &blocks_[&block];
    }
    return *at_;
  }

  // A request whose lanes ask for different tensors: what each of them costs alone, beside the whole.
  void by_argument(const Request& request, Kind kind) {
    const Event& first = request.first;
    std::uint32_t done = 0;
    for (unsigned i = 0; i < request.count; ++i) {
      if (done >> i & 1) continue;
      const int argument = request.arguments[i];
      std::uint64_t mine[kLanes];
      unsigned count = 0;
      for (unsigned j = i; j < request.count; ++j) {
        if (request.arguments[j] != argument) continue;
        done |= 1u << j;
        mine[count++] = request.addresses[j];
      }
      if (argument >= 0)
        sum_of(key_of(first, kind, argument, true))
            .add(is_atomic(kind) ? global_atomic_cost(mine, count, first.bytes) : global_cost(mine, count, first.bytes), count,
                 first.bytes);
    }
  }

  void atomics(const Request& request) {
    InBlock& here = in_block(request.block);
    const bool shared = request.first.space == Space::kShared;
    for (unsigned i = 0; i < request.count; ++i) {
      const std::uint64_t address = request.addresses[i];
      ++here.atomics[shared ? address | 1ull << 63 : address];
      if (!shared) ++launch_atomics_[address];
    }
  }

  void special(const Request& request, const Event& first) {
    InBlock& here = in_block(request.block);
    for (unsigned i = 0; i < request.count; ++i) ++here.special[request.warp * kLanes + request.lane[i]];
    totals_.special[first.bytes % kSpecials] += request.count;
    sum_of(key_of(first, first.kind, -1, false)).add({}, request.count, 0);
  }

  std::vector<Sum> sums_;
  std::unordered_map<std::uint64_t, std::size_t> by_key_;
  std::uint64_t last_key_ = ~0ull;
  std::size_t last_ = 0;
  std::unordered_map<const Block*, InBlock> blocks_;
  const Block* block_ = nullptr;  // whose counts are at hand
  InBlock* at_ = nullptr;
  std::unordered_map<std::uint64_t, std::uint64_t> launch_atomics_;
  Totals totals_;
};

Counters counters;

}  // namespace

RequestListener& request_counters() { return counters; }
const std::vector<Sum>& counted_sums() { return counters.sums(); }
const Totals& counted_totals() { return counters.totals(); }

}  // namespace kbk
