// See requests.h.
#include "requests.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "arguments.h"

namespace kbk {

namespace {

constexpr std::size_t kFlushAt = 1u << 7;     // events of a lane whose warp has all met: time to replay them
constexpr std::size_t kMostEvents = 1u << 25;  // of all that waits: 512 MiB

// What one lane did since its warp was replayed.
class LaneEvents {
 public:
  bool full() const { return next_ == end_; }
  void add(const Event& event) { *next_++ = event; }
  // Twice the room; by how much it grew.
  std::size_t grow() {
    const std::size_t size = next_ - begin_.get(), room = size == 0 ? 16 : 2 * size;
    std::unique_ptr<Event[]> more(new Event[room]);
    std::copy(begin_.get(), next_, more.get());
    begin_ = std::move(more);
    next_ = begin_.get() + size;
    end_ = begin_.get() + room;
    return room - size;
  }
  void clear() { next_ = begin_.get(); }
  std::size_t size() const { return static_cast<std::size_t>(next_ - begin_.get()); }
  std::size_t room() const { return static_cast<std::size_t>(end_ - begin_.get()); }
  Event* begin() { return begin_.get(); }
  Event* end() { return next_; }

 private:
  std::unique_ptr<Event[]> begin_;
  Event *next_ = nullptr, *end_ = nullptr;
};

struct WarpEvents {
  LaneEvents lanes[kLanes];
};

struct BlockEvents {
  std::vector<WarpEvents> warps;
};

// All of an event but its address.
inline std::uint64_t kind_of_event(const Event& event) {
  std::uint64_t word;
  std::memcpy(&word, reinterpret_cast<const char*>(&event) + sizeof event.address, sizeof word);
  return word;
}

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
    for (const Thread& thread : block.threads)
      thread.events = &events->warps[thread.linear / kLanes].lanes[thread.linear % kLanes];
    for (RequestListener* each : listeners_) each->block_begin(block);
  }

  void touch(const Thread& thread, const Touch& touch) override {
    if (touch.space == Space::kHost) return;
    if (touch.space == Space::kModule && touch.at >= constant_low_ && touch.at < constant_high_) return;  // has a cache of its own
    std::uint64_t address = touch.address;
    if (touch.space == Space::kShared)
      address = static_cast<std::uint64_t>(static_cast<const char*>(touch.at) - thread.block->arena.base);
    const Kind kind = touch.access == Access::kAtomic ? kind_of(thread.next_atomic)
                      : writes(touch.access)          ? Kind::kStore
                                                      : Kind::kLoad;
    const auto bytes = static_cast<std::uint8_t>(std::min<std::uint32_t>(touch.bytes, 255));
    keep(thread, {address, pc_of(touch.pc), bytes, kind, touch.space, 0});
  }
  // The value that the last atomic there had is used.
  void used(const Thread& thread, const void* at) override {
    const std::uint64_t address = address_of(thread, at);
    LaneEvents& events = lane_of(thread);
    for (Event* each = events.end(); each != events.begin();) {
      --each;
      if (!is_atomic(each->kind) || each->address != address) continue;
      if (each->kind != Kind::kSwap) each->kind = Kind::kAtom;
      return;
    }
  }
  void turn(const Thread& thread, const void* from) override {
    keep(thread, {0, pc_of(from), 0, Kind::kTurn, Space::kGlobal, 0});
  }
  void special(const Thread& thread, Special what, const void* pc) override {
    keep(thread, {0, pc_of(pc), static_cast<std::uint8_t>(what), Kind::kSpecial, Space::kGlobal, 0});
  }
  void collective(const Block& block, unsigned warp, unsigned lanes, Op op) override {
    for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
      const Thread& thread = block.threads[warp * kLanes + static_cast<unsigned>(__builtin_ctz(rest))];
      keep(thread, {lanes, pc_of(thread.wait_pc), static_cast<std::uint8_t>(op), Kind::kCollective, Space::kGlobal, 0});
    }
    if (lanes != block.warps[warp].alive) return;
    WarpEvents& events = events_of(block).warps[warp];
    if (events.lanes[__builtin_ctz(lanes)].size() >= kFlushAt) replay(block, warp, events);
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

  static LaneEvents& lane_of(const Thread& thread) { return *static_cast<LaneEvents*>(thread.events); }
  BlockEvents& events_of(const Block& block) { return *blocks_.find(&block)->second; }
  void keep(const Thread& thread, const Event& event) {
    LaneEvents& lane = lane_of(thread);
    if (lane.full()) make_room(lane);
    lane.add(event);
  }
  void make_room(LaneEvents& lane) {
    if (room_ + lane.room() > kMostEvents)
      trap("trace", "the threads did more than 33,554,432 things between two barriers: too many to profile; launch less");
    room_ += lane.grow();
  }

  void replay_all(const Block& block) {
    BlockEvents& events = events_of(block);
    for (unsigned i = 0; i < events.warps.size(); ++i) replay(block, i, events.warps[i]);
  }

  void replay(const Block& block, unsigned number, WarpEvents& warp) {
    const Event *next[kLanes], *end[kLanes];
    unsigned left = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      next[lane] = warp.lanes[lane].begin();
      end[lane] = warp.lanes[lane].end();
      if (next[lane] != end[lane]) left |= 1u << lane;
    }
    if (left == 0) return;
    Request request{block, number, {}, Kind::kLoad, 0, 0, {}, {}, false, {}, false, -1, {}};
    while (left != 0) {
      if (!take_alike(request, next, left)) take_lowest(request, next, left);
      for (unsigned i = 0; i < request.count; ++i)
        if (next[request.lane[i]] == end[request.lane[i]]) left &= ~(1u << request.lane[i]);
      if (request.first.kind == Kind::kTurn) continue;
      if (told_as(request.first.kind) <= Kind::kAtom) measure(request);
      for (RequestListener* each : listeners_) each->request(request);
    }
    for (LaneEvents& lane : warp.lanes) lane.clear();
  }

  // The usual case: all lanes go on with the same.
  static bool take_alike(Request& request, const Event* (&next)[kLanes], unsigned left) {
    const unsigned first = static_cast<unsigned>(__builtin_ctz(left));
    const std::uint64_t kind = kind_of_event(*next[first]);
    unsigned count = 0;
    for (unsigned rest = left; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
      if (kind_of_event(*next[lane]) != kind) return false;
      request.lane[count] = static_cast<unsigned char>(lane);
      request.addresses[count++] = next[lane]->address;
    }
    request.first = *next[first];
    request.kind = told_as(request.first.kind);
    request.lanes = left;
    request.count = count;
    for (unsigned i = 0; i < count; ++i) ++next[request.lane[i]];
    return true;
  }
  static void take_lowest(Request& request, const Event* (&next)[kLanes], unsigned left) {
    const Event* lowest = next[__builtin_ctz(left)];
    for (unsigned rest = left & (left - 1); rest != 0; rest &= rest - 1) {
      const Event* here = next[__builtin_ctz(rest)];
      if (before(*here, *lowest)) lowest = here;
    }
    request.lanes = request.count = 0;
    request.first = *lowest;
    request.kind = told_as(lowest->kind);
    for (unsigned rest = left; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
      const Event* here = next[lane];
      if (!together(*here, *lowest)) continue;
      if (told_as(here->kind) == Kind::kAtom) request.kind = Kind::kAtom;
      if (request.lanes == 0) request.first = *here;
      request.lanes |= 1u << lane;
      request.lane[request.count] = static_cast<unsigned char>(lane);
      request.addresses[request.count++] = here->address;
      ++next[lane];
    }
  }
  static bool before(const Event& a, const Event& b) { return a.pc != b.pc ? a.pc < b.pc : a.kind < b.kind; }

  static void measure(Request& request) {
    const Event& first = request.first;
    request.dense = true;
    std::uint64_t end = first.address;
    for (unsigned i = 0; i < request.count; ++i) {
      request.dense = request.dense && request.addresses[i] == end;
      end = request.addresses[i] + first.bytes;
    }
    find_arguments(request, end);
    const bool atomic = is_atomic(first.kind);
    if (first.space == Space::kShared)
      request.cost = atomic ? shared_atomic_cost(request, first)
                            : shared_cost(request.addresses, request.lane, request.count, first.bytes, first.kind == Kind::kLoad);
    else if (request.dense)
      request.cost = dense_cost(first.address, std::uint64_t{request.count} * first.bytes);
    else
      request.cost = atomic ? global_atomic_cost(request.addresses, request.count, first.bytes)
                            : global_cost(request.addresses, request.count, first.bytes);
  }
  static void find_arguments(Request& request, std::uint64_t end) {
    request.mixed = false;
    request.argument = -1;
    if (request.first.space != Space::kGlobal) return;
    const bool store = request.kind != Kind::kLoad;
    if (request.dense && argument_of_run(request.first.address, end, store, request.argument)) return;
    for (unsigned i = 0; i < request.count; ++i) {
      request.arguments[i] = static_cast<std::int8_t>(argument_of(request.addresses[i], store));
      request.mixed = request.mixed || request.arguments[i] != request.arguments[0];
    }
    request.argument = request.arguments[0];
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
    return a.pc == b.pc && kind(a.kind) == kind(b.kind) && a.bytes == b.bytes && a.space == b.space;
  }

  void forget() {
    blocks_.clear();
    room_ = 0;
  }

  std::vector<RequestListener*> listeners_;
  std::unordered_map<const Block*, std::unique_ptr<BlockEvents>> blocks_;
  std::vector<std::unique_ptr<BlockEvents>> spare_;
  std::size_t room_ = 0;  // for events, of all lanes
  std::uintptr_t low_ = 0;
  const void *constant_low_ = nullptr, *constant_high_ = nullptr;
};

Requests requests;

}  // namespace

Listener& warp_requests() { return requests; }
void add_request_listener(RequestListener* listener) { requests.add(listener); }
void clear_request_listeners() { requests.clear(); }

}  // namespace kbk
