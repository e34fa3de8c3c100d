// What happens before what: logical clocks of the threads of a block, and what they learn of each other.
//
//  * A thread's own accesses are in order.
//  * __syncthreads starts a new epoch of the block. All of an earlier epoch happened before, also what exited threads did.
//  * __syncwarp moves on the clocks of its lanes; each knows the others' accesses up to then. Shuffles and votes order no memory.
//    https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#warp-shuffle-functions
//  * Between blocks, or warps without a barrier: a fence notes what its thread knows, a later atomic or volatile write of the
//    thread publishes that at its address, an atomic or volatile read there takes it over. No fence is asked of the reader:
//    NVIDIA's own sample threadFenceReduction has none. An atomic without a fence before it publishes nothing.
//    https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#memory-fence-functions
//  * At barriers and __syncwarp the threads share what they have taken over, and what they have fenced.
// The order in which the simulator runs the threads decides nothing, but for who reads whose release.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "../trace.h"
#include "knowledge.h"

namespace kbk::race {

// When an access happened: lane l of `lanes` did it at time `clock` of its own.
struct Stamp {
  std::uint32_t block, epoch, clock, lanes;
  unsigned warp;
};

struct ThreadTime {
  std::uint32_t clock = 1;
  std::uint32_t plain = 0;  // the clock at its last access that is neither atomic nor volatile
  std::uint64_t polled = 0;  // word of its last access, times 4, and how many words less one: if that was a volatile read
};

struct WarpTime {
  std::uint32_t base = 0;  // every lane knows every other up to here
  std::unique_ptr<std::uint32_t[]> known;  // [of][lane]: beyond the base; once a part of the warp has met without the rest
};

// What a thread has fenced, and taken over from others.
struct Exchange {
  Knowledge acquired;
  Knowledge fenced, fenced_in_block;  // by fences of any wider scope, and by all
  Knowledge last;                     // taken over last: polling finds the same again
  std::uint32_t fresh = 0;            // clock after the last fence, while no release, barrier or __syncwarp has come
  bool fresh_wide = false;            // that fence was for more than the block
};

// The places where knowledge is published, by the number of their 4-byte word.
class Releases {
 public:
  void clear() { words_.clear(); }
  void erase(std::uint64_t word) { words_.erase(word); }
  bool empty() const { return words_.empty(); }

 private:
  friend class BlockOrder;
  struct Place {
    Knowledge known;
    std::unordered_map<std::uint32_t, Knowledge> in_block;  // what only readers of that block learn
  };
  std::unordered_map<std::uint64_t, Place> words_;
};

class BlockOrder {
 public:
  void begin(std::uint32_t number, unsigned threads);
  void barrier(const Releases& releases);
  void forget_exchanges() { exchanges_.clear(); }  // all is known: a grid barrier
  void warp_sync(unsigned warp, std::uint32_t lanes, std::uint32_t living, const Releases& releases);
  void fence(unsigned thread, Scope scope);
  // A volatile read is told before it happens, and others may run in between. So it takes over again what is at its word, at the
  // next event of its thread. (Atomic reads happen as they are told.)
  void read_volatile(unsigned thread, std::uint64_t first, std::uint64_t last) {
    times_[thread].polled = first * 4 + (last - first < 3 ? last - first : 3);
    polling_ = true;
  }
  void settle(unsigned thread, const Releases& releases) {
    if (times_[thread].polled != 0) settle_now(thread, releases);
  }
  // An atomic or volatile access of `bytes` at a word. `shared`: memory that no other block sees.
  void acquire(unsigned thread, const Releases& releases, std::uint64_t word);
  void release(unsigned thread, Releases& releases, std::uint64_t word, bool replaces, bool shared);
  // Something to publish. Closes the time of the thread's first release after its fence.
  bool releases(unsigned thread) const {
    return !exchanges_.empty() && !exchanges_[thread].fenced_in_block.empty();
  }
  void include_release(unsigned thread);

  std::uint32_t number() const { return number_; }
  std::uint32_t epoch() const { return epoch_; }
  ThreadTime& time(unsigned thread) { return times_[thread]; }

  // The lanes of `then` whose access did not happen before what `thread` does now.
  std::uint32_t unordered(unsigned thread, const Stamp& then) const {
    if (then.block == number_) {
      if (then.epoch != epoch_) return 0;
      if (then.warp == thread / kLanes) {
        const std::uint32_t others = then.lanes & ~(1u << thread % kLanes);
        if (others == 0 || then.clock <= warps_[then.warp].base) return 0;
        if (warps_[then.warp].known == nullptr && exchanges_.empty()) return others;
        return unordered_lanes(thread, then, others);
      }
    }
    if (exchanges_.empty()) return then.lanes;
    return exchanges_[thread].acquired.unknown(then.block, then.epoch, then.warp, then.clock, then.lanes);
  }

 private:
  Knowledge own(unsigned thread) const;
  std::uint32_t unordered_lanes(unsigned thread, const Stamp& then, std::uint32_t others) const;
  void meet(const unsigned* threads, unsigned count);
  void settle_now(unsigned thread, const Releases& releases);

  std::uint32_t number_ = 0, epoch_ = 0;
  std::vector<ThreadTime> times_;
  std::vector<WarpTime> warps_;
  std::vector<Exchange> exchanges_;  // none until a thread fences or takes over
  bool moved_ = false;               // a clock, since the last barrier
  bool polling_ = false;             // somebody has read a volatile, since then
};

}  // namespace kbk::race
