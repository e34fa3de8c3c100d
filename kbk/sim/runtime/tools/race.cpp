// Finds races in shared and global memory, from the order of events (order.h) and what is remembered of each word (shadow.h).
//
// What counts as one: two accesses of different threads to the same byte, at least one a write, neither before the other. Two
// atomic accesses never race. Nor do atomic and volatile ones, except volatile with volatile in shared memory within a warp: code
// that counts on lanes in lockstep has been wrong since Volta.
// https://docs.nvidia.com/cuda/volta-tuning-guide/index.html#independent-thread-scheduling
//
// Each word keeps its last write, and a few reads and atomics that are not ordered among themselves, of different warps and blocks.
// So the first race at a word is found in any order of execution; later ones may be told with another partner. An access drops the
// records that happened before it, since whoever is ordered behind it is behind them. An atomic that reads a released value
// stands for the release as well: the block that takes the last ticket may reset the counter with a plain store.
#include "race.h"

#include <unordered_map>
#include <utility>

#include "order.h"
#include "race_findings.h"
#include "shadow.h"

namespace kbk {
namespace race {

struct BlockState {
  BlockOrder order;
  SharedWords words;
  std::vector<std::uint64_t> guesses;  // of each thread: what it has just loaded, or 0
  std::vector<std::uint64_t> places;  // words of its shared memory where something was published
};

class Detector : public Listener {
 public:
  void begin(const Launch& launch) override {
    drop_all();
    origin_ = reinterpret_cast<std::uintptr_t>(launch.body);
    findings_.begin(origin_);
    gave_up_ = false;
  }
  void block_begin(const Block& block) override {
    findings_.judge();
    enter(block);
  }
  void touch(const Thread& thread, const Touch& touch) override;
  void fence(const Thread& thread, Scope scope) override {
    findings_.judge();
    BlockOrder& order = state_of(*thread.block).order;
    order.settle(thread.linear, releases_);
    order.fence(thread.linear, scope);
  }
  void barrier(const Block& block) override {
    findings_.judge();
    BlockState& state = state_of(block);
    state.order.barrier(releases_);
    state.words.forget();
  }
  void collective(const Block& block, unsigned warp, unsigned lanes, Op op) override {
    findings_.judge();
    if (op == Op::kSync) state_of(block).order.warp_sync(warp, lanes, block.warps[warp].alive, releases_);
  }
  void stray_shuffle(const Thread&, unsigned, unsigned) override { findings_.judge(); }
  void grid_barrier(const Launch&) override {
    findings_.judge();
    forget_global();
    for (auto& each : states_) {
      each.second->order.barrier(releases_);
      each.second->order.forget_exchanges();
      each.second->words.forget();
      each.second->places.clear();
    }
  }
  void leave(const Thread&) override { findings_.judge(); }
  void block_end(const Block& block) override {
    findings_.judge();
    const auto at = states_.find(&block);
    if (at == states_.end()) return;
    recycle(std::move(at->second));
    states_.erase(at);
    last_block_ = nullptr;
  }
  void end(const Launch& launch) override {
    if (gave_up_) {
      Finding finding;
      finding.kind = "race";
      finding.code = "unwatched-memory";
      finding.severity = Severity::kInfo;
      finding.text = "not all of the memory was watched for races: the launch touches more than the detector has room for";
      found(launch, std::move(finding));
    }
    findings_.drop();  // a fault came between: the store may not have happened
    drop_all();
    records_.shrink();
    global_.shrink();
  }

  void forgive(bool guesses) { findings_.forgive = guesses; }
  void limit(std::uint32_t records, unsigned alike) {
    records_.set_most(records);
    alike_ = alike;
  }

 private:
  static constexpr std::size_t kSpare = 8;  // states kept for the next blocks

  BlockState& state_of(const Block& block) { return &block == last_block_ ? *last_state_ : find(block); }
  BlockState& find(const Block& block) {
    const auto at = states_.find(&block);
    if (at == states_.end()) return enter(block);
    last_block_ = &block;
    return *(last_state_ = at->second.get());
  }
  BlockState& enter(const Block& block);
  void recycle(std::unique_ptr<BlockState> state);
  void drop_all();
  void forget_global() {
    global_.clear();
    records_.clear();
    releases_.clear();
  }
  void visit(const BlockOrder& order, Records& records, std::uint32_t* head, std::uint8_t mask, const Now& now,
             std::uint64_t word);
  std::uint32_t make_room(Records& records, std::uint32_t head, std::uint8_t mask, const Now& now);
  static void fill(Record& record, const Now& now, std::uint8_t mask);

  std::unordered_map<const Block*, std::unique_ptr<BlockState>> states_;  // of the blocks that live
  std::vector<std::unique_ptr<BlockState>> spare_;
  const Block* last_block_ = nullptr;
  BlockState* last_state_ = nullptr;
  GlobalWords global_;
  Records records_{kRaceRecords};
  Releases releases_;
  std::uintptr_t origin_ = 0;
  RaceFindings findings_;
  unsigned alike_ = kRaceAlike;
  bool gave_up_ = false;
};

BlockState& Detector::enter(const Block& block) {
  std::unique_ptr<BlockState>& state = states_[&block];
  if (state == nullptr && !spare_.empty()) {
    state = std::move(spare_.back());
    spare_.pop_back();
  }
  if (state == nullptr) state.reset(new BlockState);
  state->order.begin(static_cast<std::uint32_t>(block.linear), static_cast<unsigned>(block.threads.size()));
  state->words.begin(block.arena);
  state->guesses.assign(block.threads.size(), 0);
  last_block_ = &block;
  return *(last_state_ = state.get());
}

void Detector::recycle(std::unique_ptr<BlockState> state) {
  for (const std::uint64_t word : state->places) releases_.erase(word);
  state->places.clear();
  if (spare_.size() < kSpare) spare_.push_back(std::move(state));
}

void Detector::drop_all() {
  for (auto& each : states_) recycle(std::move(each.second));
  states_.clear();
  last_block_ = nullptr;
  forget_global();
}

void Detector::touch(const Thread& thread, const Touch& touch) {
  findings_.judge(thread, touch);
  if (touch.space == Space::kHost || touch.bytes == 0) return;
  BlockState& state = state_of(*thread.block);
  std::uint64_t& guess = state.guesses[thread.linear];
  const bool swaps = findings_.forgive && touch.access == Access::kAtomic && guess == touch.address;
  guess = touch.access == Access::kRead ? touch.address : 0;
  BlockOrder& order = state.order;
  ThreadTime& time = order.time(thread.linear);
  const bool shared = touch.space == Space::kShared;
  const std::uint64_t low = shared ? reinterpret_cast<std::uintptr_t>(touch.at) : touch.address, high = low + touch.bytes;
  const std::uint64_t first = low / 4, last = (high - 1) / 4;
  const unsigned rank = rank_of(touch.access);
  bool released = false;
  order.settle(thread.linear, releases_);
  if (rank == 0) {
    time.plain = time.clock;
  } else {
    if (reads(touch.access) && !releases_.empty())
      for (std::uint64_t word = first; word <= last; ++word) order.acquire(thread.linear, releases_, word);
    released = order.releases(thread.linear);
    if (touch.access == Access::kVolatileRead) order.read_volatile(thread.linear, first, last);
  }
  const Now now{&thread, &touch, {order.number(), order.epoch(), time.clock, 1u << thread.linear % kLanes, thread.linear / kLanes},
                static_cast<std::int32_t>(reinterpret_cast<std::uintptr_t>(touch.pc) - origin_), rank, writes(touch.access), shared,
                released, swaps};
  const std::uint64_t base = shared ? reinterpret_cast<std::uintptr_t>(thread.block->arena.base) / 4 : 0;
  for (std::uint64_t word = first; word <= last; ++word) {
    std::uint8_t mask = 15;
    if (word == first) mask = static_cast<std::uint8_t>(mask << low % 4 & 15);
    if (word == last) mask = static_cast<std::uint8_t>(mask & 15 >> (3 - (high - 1) % 4));
    std::uint32_t* const head = shared ? state.words.head(word - base) : global_.head(word);
    if (head == nullptr) {
      gave_up_ = gave_up_ || !shared;  // shared: outside the arena
      continue;
    }
    visit(order, shared ? state.words.records : records_, head, mask, now, word);
  }
  if (rank == 0 || !now.writes) return;
  if (released) order.include_release(thread.linear);
  if (!released && releases_.empty()) return;
  const bool replaces = touch.access != Access::kAtomic && touch.bytes >= 4;
  for (std::uint64_t word = first; word <= last; ++word) {
    order.release(thread.linear, releases_, word, replaces, shared);
    if (shared && released) state.places.push_back(word);
  }
}

void Detector::fill(Record& record, const Now& now, std::uint8_t mask) {
  record.block = now.stamp.block;
  record.epoch = now.stamp.epoch;
  record.clock = now.stamp.clock;
  record.pc = now.pc;
  record.lanes = now.stamp.lanes;
  record.warp = static_cast<std::uint8_t>(now.stamp.warp);
  record.mask = mask;
  record.access = now.touch->access;
  record.released = now.released;
}

// Compares an access with the records of one word, and leaves its own.
void Detector::visit(const BlockOrder& order, Records& records, std::uint32_t* head, std::uint8_t mask, const Now& now,
                     std::uint64_t word) {
  std::uint32_t place = 0;  // of the own record
  bool merged = false;
  unsigned alike = 0;
  for (std::uint32_t* link = head; *link != 0;) {
    const std::uint32_t index = *link;
    Record& then = records[index];
    if ((then.mask & mask) == 0) {
      link = &then.next;
      continue;
    }
    const bool then_writes = writes(then.access);
    if (now.swaps && then.access == Access::kRead && then.warp == now.stamp.warp && then.block == now.stamp.block)
      then.lanes &= ~now.stamp.lanes;  // its own load, a first guess
    const unsigned then_rank = rank_of(then.access);
    // The same instruction of another lane, or of this one in a loop.
    if (place == 0 && then.pc == now.pc && then.clock == now.stamp.clock && then.warp == now.stamp.warp &&
        then.epoch == now.stamp.epoch && then.block == now.stamp.block && then.mask == mask && then.access == now.touch->access &&
        then.released == now.released && (!now.writes || (now.rank == 2 && !then.released))) {
      then.lanes |= now.stamp.lanes;
      place = index;
      merged = true;
      link = &then.next;
      continue;
    }
    const std::uint32_t unordered =
        order.unordered(now.thread->linear, {then.block, then.epoch, then.clock, then.lanes, then.warp});
    const bool stands_for = now.rank <= then_rank && (now.writes || !then_writes);  // if it comes after it
    bool drop = stands_for && unordered == 0;
    if (unordered != 0) {
      const bool both_strong = now.rank != 0 && then_rank != 0 &&
                               (!now.shared || now.rank + then_rank > 2 || then.warp != now.stamp.warp);
      if ((now.writes || then_writes) && !both_strong) {
        findings_.conflict(now, then, unordered, word);
        drop = stands_for && now.writes;
      } else if (now.touch->access == Access::kAtomic && then.released && then_writes) {
        drop = true;
      } else {
        if (stands_for && (then.mask & ~mask) == 0) then.lanes = unordered;
        alike += then_writes == now.writes && (then_rank != 0) == (now.rank != 0);
      }
    }
    if (drop && (then.mask & ~mask) != 0) {
      then.mask = static_cast<std::uint8_t>(then.mask & ~mask);
      drop = false;
    }
    if (!drop) {
      link = &then.next;
    } else if (place == 0) {
      place = index;
      link = &then.next;
    } else {
      *link = then.next;
      records.give(index);
    }
  }
  if (merged) return;
  if (place == 0 && alike >= alike_) place = make_room(records, *head, mask, now);
  if (place == 0) {
    place = records.take();
    if (place == 0) {
      gave_up_ = true;
      return;
    }
    records[place].next = *head;
    *head = place;
  }
  fill(records[place], now, mask);
}

// The record to give up for one more of its sort: what remains should be of two warps of this block, and of another block.
std::uint32_t Detector::make_room(Records& records, std::uint32_t head, std::uint8_t mask, const Now& now) {
  std::uint32_t oldest[3] = {0, 0, 0};  // of this warp, of other warps of this block, of other blocks: new ones come first
  unsigned count[3] = {0, 0, 0};
  for (std::uint32_t index = head; index != 0; index = records[index].next) {
    const Record& then = records[index];
    if ((then.mask & mask) == 0 || writes(then.access) != now.writes || (rank_of(then.access) != 0) != (now.rank != 0)) continue;
    const unsigned kind = then.block != now.stamp.block ? 2 : then.warp != now.stamp.warp ? 1 : 0;
    oldest[kind] = index;
    ++count[kind];
  }
  return count[0] > 1 ? oldest[0] : count[1] > 1 ? oldest[1] : oldest[2] != 0 ? oldest[2] : oldest[1];
}

// Never destroyed: a launch may outlive the end of the process.
Detector& detector() {
  static Detector& one = *new Detector;
  return one;
}

}  // namespace race

Listener& race_detector() { return race::detector(); }
void race_forgives(bool guesses) { race::detector().forgive(guesses); }
void race_limit(std::uint32_t records, unsigned alike) { race::detector().limit(records, alike); }

}  // namespace kbk
