// See requests.h.
#include "requests.h"

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "arguments.h"

namespace kbk {

namespace {

constexpr std::size_t kFlushAt = 1u << 12;    // events of a warp whose lanes have all met: time to replay them
constexpr std::size_t kMostEvents = 1u << 25;  // of all that waits: 512 MiB

struct WarpEvents {
  std::vector<Event> lanes[kLanes];
  std::size_t count = 0;
};

struct BlockEvents {
  std::vector<WarpEvents> warps;
};

class Requests : public Listener {
 public:
  void add(RequestListener* listener) { listeners_.push_back(listener); }
  void clear() { listeners_.clear(); }

  void begin(const Launch& launch) override {
    low_ = launch.text_low;
    constant_low_ = launch.config.constant_low;
    constant_high_ = launch.config.constant_high;
    forget();
    for (RequestListener* each : listeners_) each->begin(launch, low_);
  }
  void block_begin(const Block& block) override {
    std::unique_ptr<BlockEvents>& events = blocks_[&block];
    if (spare_.empty()) {
      events = std::make_unique<BlockEvents>();
    } else {
      events = std::move(spare_.back());
      spare_.pop_back();
    }
    events->warps.resize(block.warps.size());
    block_ = nullptr;
    for (RequestListener* each : listeners_) each->block_begin(block);
  }

  void touch(const Thread& thread, const Touch& touch) override {
    if (touch.space == Space::kHost) return;
    if (touch.space == Space::kModule && touch.at >= constant_low_ && touch.at < constant_high_) return;  // has a cache of its own
    std::uint64_t address = touch.address;
    int argument = -1;
    if (touch.space == Space::kShared)
      address = static_cast<std::uint64_t>(static_cast<const char*>(touch.at) - thread.block->arena.base);
    else if (touch.space == Space::kGlobal)
      argument = argument_of(address, writes(touch.access));
    const Kind kind = touch.access == Access::kAtomic ? kind_of(thread.next_atomic)
                      : writes(touch.access)          ? Kind::kStore
                                                      : Kind::kLoad;
    const auto bytes = static_cast<std::uint8_t>(std::min<std::uint32_t>(touch.bytes, 255));
    keep(thread, {address, pc_of(touch.pc), bytes, kind, touch.space, static_cast<std::int8_t>(argument)});
  }
  // The value that the last atomic there had is used.
  void used(const Thread& thread, const void* at) override {
    const std::uint64_t address = address_of(thread, at);
    std::vector<Event>& events = lane_of(thread);
    for (std::size_t i = events.size(); i-- > 0;) {
      if (!is_atomic(events[i].kind) || events[i].address != address) continue;
      if (events[i].kind != Kind::kSwap) events[i].kind = Kind::kAtom;
      return;
    }
  }
  void turn(const Thread& thread, const void* from) override {
    keep(thread, {0, pc_of(from), 0, Kind::kTurn, Space::kGlobal, -1});
  }
  void special(const Thread& thread, Special what, const void* pc) override {
    keep(thread, {0, pc_of(pc), static_cast<std::uint8_t>(what), Kind::kSpecial, Space::kGlobal, -1});
  }
  void collective(const Block& block, unsigned warp, unsigned lanes, Op op) override {
    for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
      const Thread& thread = block.threads[warp * kLanes + static_cast<unsigned>(__builtin_ctz(rest))];
      keep(thread, {lanes, pc_of(thread.wait_pc), static_cast<std::uint8_t>(op), Kind::kCollective, Space::kGlobal, -1});
    }
    if (lanes != block.warps[warp].alive) return;
    WarpEvents& events = events_of(block).warps[warp];
    if (events.count >= kFlushAt) replay(block, warp, events);
  }
  void barrier(const Block& block) override {
    replay_all(block);
    for (RequestListener* each : listeners_) each->barrier(block);
  }
  void leave(const Thread& thread) override {
    const unsigned warp = thread.linear / kLanes;
    if ((thread.block->warps[warp].alive & ~(1u << thread.linear % kLanes)) != 0) return;
    replay(*thread.block, warp, events_of(*thread.block).warps[warp]);
  }
  void block_end(const Block& block) override {
    replay_all(block);
    for (RequestListener* each : listeners_) each->block_end(block);
    const auto found = blocks_.find(&block);
    spare_.push_back(std::move(found->second));
    blocks_.erase(found);
    block_ = nullptr;
  }
  void end(const Launch& launch) override {
    while (!blocks_.empty()) block_end(*blocks_.begin()->first);  // of a launch that was ended
    for (RequestListener* each : listeners_) each->end(launch);
    spare_.clear();
  }

 private:
  std::uint32_t pc_of(const void* pc) const {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(pc) - low_);
  }
  static std::uint64_t address_of(const Thread& thread, const void* at) {
    const auto* byte = static_cast<const char*>(at);
    const Arena& arena = thread.block->arena;
    if (byte >= arena.base && byte < arena.end) return static_cast<std::uint64_t>(byte - arena.base);
    return callers_address(at);
  }

  BlockEvents& events_of(const Block& block) {
    if (&block != block_) {
      block_ = &block;
      events_ = blocks_.find(&block)->second.get();
    }
    return *events_;
  }
  std::vector<Event>& lane_of(const Thread& thread) {
    return events_of(*thread.block).warps[thread.linear / kLanes].lanes[thread.linear % kLanes];
  }
  void keep(const Thread& thread, const Event& event) {
    WarpEvents& warp = events_of(*thread.block).warps[thread.linear / kLanes];
    if (++waiting_ > kMostEvents) {
      waiting_ = 0;
      trap("trace", "the threads did more than 33,554,432 things between two barriers: too many to profile; launch less");
    }
    ++warp.count;
    warp.lanes[thread.linear % kLanes].push_back(event);
  }

  void replay_all(const Block& block) {
    BlockEvents& events = events_of(block);
    for (unsigned i = 0; i < events.warps.size(); ++i) replay(block, i, events.warps[i]);
  }

  void replay(const Block& block, unsigned number, WarpEvents& warp) {
    if (warp.count == 0) return;
    Request request{block, number, 0, {}, {}, 0, {}, false, {}, Kind::kLoad};
    const Event *next[kLanes], *end[kLanes];
    unsigned left = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      next[lane] = warp.lanes[lane].data();
      end[lane] = next[lane] + warp.lanes[lane].size();
      if (next[lane] != end[lane]) left |= 1u << lane;
    }
    while (left != 0) {
      const Event* lowest = next[__builtin_ctz(left)];
      for (unsigned rest = left & (left - 1); rest != 0; rest &= rest - 1) {
        const Event* here = next[__builtin_ctz(rest)];
        if (before(*here, *lowest)) lowest = here;
      }
      request.lanes = request.count = 0;
      for (unsigned rest = left; rest != 0; rest &= rest - 1) {
        const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
        const Event* here = next[lane];
        if (!together(*here, *lowest)) continue;
        request.lanes |= 1u << lane;
        request.lane[request.count] = static_cast<unsigned char>(lane);
        request.events[request.count++] = here;
        if (++next[lane] == end[lane]) left &= ~(1u << lane);
      }
      if (lowest->kind == Kind::kTurn) continue;
      if (request.accesses()) measure(request);
      for (RequestListener* each : listeners_) each->request(request);
    }
    for (auto& lane : warp.lanes) lane.clear();
    waiting_ -= std::min(waiting_, warp.count);
    warp.count = 0;
  }
  static bool before(const Event& a, const Event& b) { return a.pc != b.pc ? a.pc < b.pc : a.kind < b.kind; }
  static void measure(Request& request) {
    const Event& first = request.first();
    request.dense = true;
    std::uint64_t next = first.address;
    for (unsigned i = 0; i < request.count; ++i) {
      const std::uint64_t address = request.addresses[i] = request.events[i]->address;
      request.dense = request.dense && address == next;
      next = address + first.bytes;
    }
    request.kind = told_as(first.kind);
    const bool atomic = is_atomic(first.kind);
    if (atomic)
      for (unsigned i = 0; i < request.count; ++i)
        if (told_as(request.events[i]->kind) == Kind::kAtom) request.kind = Kind::kAtom;
    if (first.space == Space::kShared)
      request.cost = atomic ? shared_atomic_cost(request, first)
                            : shared_cost(request.addresses, request.lane, request.count, first.bytes, first.kind == Kind::kLoad);
    else if (request.dense)
      request.cost = dense_cost(first.address, std::uint64_t{request.count} * first.bytes);
    else
      request.cost = atomic ? global_atomic_cost(request.addresses, request.count, first.bytes)
                            : global_cost(request.addresses, request.count, first.bytes);
  }
  static Cost shared_atomic_cost(const Request& request, const Event& first) {
    // Lanes that add 1 are counted (ATOMS.POPC.INC): those at one address take one turn, as in a store.
    if (first.kind == Kind::kIncrement && request.kind == Kind::kRed)
      return shared_cost(request.addresses, request.lane, request.count, first.bytes, false);
    Cost cost = kbk::shared_atomic_cost(request.addresses, request.lane, request.count, first.bytes);
    if (first.kind == Kind::kSwap) {  // two operands of each lane
      cost.cost *= 2;
      cost.theoretical *= 2;
      cost.ideal *= 2;
    }
    return cost;
  }
  static Kind kind_of(NextAtomic what) {
    return what == NextAtomic::kIncrement ? Kind::kIncrement : what == NextAtomic::kSwap ? Kind::kSwap : Kind::kRed;
  }
  // An atomic whose result some lanes use is one instruction all the same.
  static bool together(const Event& a, const Event& b) {
    const auto kind = [](Kind k) { return is_atomic(k) ? Kind::kRed : k; };
    return a.pc == b.pc && kind(a.kind) == kind(b.kind) && a.bytes == b.bytes && a.space == b.space &&
           (a.kind != Kind::kCollective || a.address == b.address);
  }

  void forget() {
    blocks_.clear();
    block_ = nullptr;
    waiting_ = 0;
  }

  std::vector<RequestListener*> listeners_;
  std::unordered_map<const Block*, std::unique_ptr<BlockEvents>> blocks_;
  std::vector<std::unique_ptr<BlockEvents>> spare_;
  const Block* block_ = nullptr;  // whose events are at hand
  BlockEvents* events_ = nullptr;
  std::size_t waiting_ = 0;
  std::uintptr_t low_ = 0;
  const void *constant_low_ = nullptr, *constant_high_ = nullptr;
};

Requests requests;

}  // namespace

Listener& warp_requests() { return requests; }
void add_request_listener(RequestListener* listener) { requests.add(listener); }
void clear_request_listeners() { requests.clear(); }

}  // namespace kbk
