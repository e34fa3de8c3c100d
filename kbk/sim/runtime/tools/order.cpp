#include "order.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace kbk::race {

void BlockOrder::begin(std::uint32_t number, unsigned threads) {
  number_ = number;
  epoch_ = 0;
  times_.assign(threads, {});
  warps_.clear();
  warps_.resize((threads + kLanes - 1) / kLanes);
  exchanges_.clear();
  moved_ = polling_ = false;
}

void BlockOrder::barrier(const Releases& releases) {
  if (polling_)
    for (unsigned thread = 0; thread < times_.size(); ++thread) settle(thread, releases);
  ++epoch_;
  if (!exchanges_.empty()) {
    std::vector<unsigned> all(times_.size());
    std::iota(all.begin(), all.end(), 0u);
    meet(all.data(), static_cast<unsigned>(all.size()));
  }
  if (moved_) {
    for (WarpTime& warp : warps_) {
      warp.base = 0;
      warp.known.reset();
    }
  }
  // `plain` too: it is a time of the epoch
  std::fill(times_.begin(), times_.end(), ThreadTime{});
  moved_ = polling_ = false;
}

// They know together what each of them knew.
void BlockOrder::meet(const unsigned* threads, unsigned count) {
  Knowledge acquired, fenced, fenced_in_block;
  for (unsigned i = 0; i < count; ++i) {
    const Exchange& each = exchanges_[threads[i]];
    acquired.join(each.acquired);
    fenced.join(each.fenced);
    fenced_in_block.join(each.fenced_in_block);
  }
  for (unsigned i = 0; i < count; ++i) {
    Exchange& each = exchanges_[threads[i]];
    if (each.acquired != acquired) each.acquired = acquired;
    if (each.fenced != fenced) each.fenced = fenced;
    if (each.fenced_in_block != fenced_in_block) each.fenced_in_block = fenced_in_block;
    each.fresh = 0;
  }
}

void BlockOrder::warp_sync(unsigned number, std::uint32_t lanes, std::uint32_t living, const Releases& releases) {
  WarpTime& warp = warps_[number];
  const unsigned first = number * kLanes;
  const unsigned count = std::min<unsigned>(kLanes, static_cast<unsigned>(times_.size()) - first);
  ThreadTime* const times = &times_[first];
  moved_ = true;
  if (polling_)
    for (unsigned lane = 0; lane < count; ++lane)
      if ((lanes | ~living) >> lane & 1) settle(first + lane, releases);
  std::uint32_t latest = 0;
  if ((lanes & living) == living) {  // lanes that have exited count as having come
    for (unsigned lane = 0; lane < count; ++lane) latest = std::max(latest, times[lane].clock);
    warp.base = latest;
    for (unsigned lane = 0; lane < count; ++lane) times[lane].clock = latest + 1;
    warp.known.reset();
  } else {
    if (warp.known == nullptr) warp.known.reset(new std::uint32_t[kLanes * kLanes]());
    std::uint32_t together[kLanes];
    for (unsigned lane = 0; lane < count; ++lane) {
      const bool here = (lanes | ~living) >> lane & 1;
      together[lane] = here ? times[lane].clock : 0;
      if (here) latest = std::max(latest, times[lane].clock);
    }
    for (std::uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
      const std::uint32_t* known = &warp.known[static_cast<unsigned>(__builtin_ctz(rest)) * kLanes];
      for (unsigned lane = 0; lane < count; ++lane) together[lane] = std::max(together[lane], known[lane]);
    }
    for (std::uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
      std::copy(together, together + count, &warp.known[lane * kLanes]);
      times[lane].clock = latest + 1;
    }
  }
  if (exchanges_.empty()) return;
  unsigned threads[kLanes], met = 0;
  for (unsigned lane = 0; lane < count; ++lane)
    if ((lanes | ~living) >> lane & 1) threads[met++] = first + lane;
  meet(threads, met);
}

// What the thread knows of its own block now.
Knowledge BlockOrder::own(unsigned thread) const {
  const unsigned number = thread / kLanes, self = thread % kLanes;
  const WarpTime& warp = warps_[number];
  std::uint32_t clocks[kLanes];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    clocks[lane] = warp.known == nullptr ? warp.base : std::max(warp.base, warp.known[self * kLanes + lane]);
  clocks[self] = times_[thread].clock;
  return Knowledge::of_warp(number_, epoch_, number, clocks);
}

void BlockOrder::fence(unsigned thread, Scope scope) {
  if (exchanges_.empty()) exchanges_.resize(times_.size());
  Exchange& mine = exchanges_[thread];
  Knowledge now = own(thread);
  now.join(mine.acquired);
  mine.fenced_in_block.join(now);
  if (scope != Scope::kBlock) mine.fenced.join(now);
  moved_ = true;
  mine.fresh = ++times_[thread].clock;
  mine.fresh_wide = scope != Scope::kBlock;
}

void BlockOrder::acquire(unsigned thread, const Releases& releases, std::uint64_t word) {
  const auto place = releases.words_.find(word);
  if (place == releases.words_.end()) return;
  if (exchanges_.empty()) exchanges_.resize(times_.size());
  Exchange& mine = exchanges_[thread];
  if (place->second.known != mine.last) {
    mine.last = place->second.known;
    mine.acquired.join(mine.last);
  }
  if (place->second.in_block.empty()) return;
  const auto near = place->second.in_block.find(number_);
  if (near != place->second.in_block.end()) mine.acquired.join(near->second);
}

void BlockOrder::settle_now(unsigned thread, const Releases& releases) {
  const std::uint64_t polled = std::exchange(times_[thread].polled, 0);
  if (releases.empty()) return;
  for (std::uint64_t word = polled / 4; word <= polled / 4 + polled % 4; ++word) acquire(thread, releases, word);
}

// Where nothing plain happened between the fence and the release, the release itself counts as fenced: who has read it may reset
// the flag with a plain store.
void BlockOrder::include_release(unsigned thread) {
  Exchange& mine = exchanges_[thread];
  if (mine.fresh == 0) return;
  ThreadTime& time = times_[thread];
  if (time.plain < mine.fresh) {
    std::uint32_t clocks[kLanes] = {};
    clocks[thread % kLanes] = time.clock;
    Knowledge now = Knowledge::of_warp(number_, epoch_, thread / kLanes, clocks);
    now.join(mine.acquired);
    mine.fenced_in_block.join(now);
    if (mine.fresh_wide) mine.fenced.join(now);
    ++time.clock;
  }
  mine.fresh = 0;
}

void BlockOrder::release(unsigned thread, Releases& releases, std::uint64_t word, bool replaces, bool shared) {
  static const Knowledge nothing;
  const bool any = this->releases(thread);
  if (!any && (!replaces || releases.empty())) return;
  auto place = releases.words_.find(word);
  if (place == releases.words_.end()) {
    if (!any) return;
    place = releases.words_.emplace(word, Releases::Place{}).first;
  }
  Releases::Place& at = place->second;
  if (replaces) at = {};
  if (!any) return;
  const Exchange& mine = exchanges_[thread];
  at.known.join(shared ? mine.fenced_in_block : mine.fenced);
  if (!shared && mine.fenced_in_block != mine.fenced) at.in_block[number_].join(mine.fenced_in_block);
}

// Of the thread's own warp.
std::uint32_t BlockOrder::unordered_lanes(unsigned thread, const Stamp& then, std::uint32_t others) const {
  const WarpTime& warp = warps_[then.warp];
  if (warp.known != nullptr) {
    const std::uint32_t* known = &warp.known[thread % kLanes * kLanes];
    for (std::uint32_t rest = others; rest != 0; rest &= rest - 1)
      if (known[__builtin_ctz(rest)] >= then.clock) others &= ~(rest & -rest);
  }
  if (others == 0 || exchanges_.empty()) return others;
  return exchanges_[thread].acquired.unknown(then.block, then.epoch, then.warp, then.clock, others);
}

}  // namespace kbk::race
