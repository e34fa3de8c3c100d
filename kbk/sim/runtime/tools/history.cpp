// A listener that keeps what every thread did, in order, with the values: what an explanation of one element is looked up in.
//
// The value of an access is in memory after it: it is read there when the next one is told, before that one happens. GCC tells of the
// copy of a struct in pieces, and of all that it writes before all that it reads: a write waits until what is told after it has happened,
// too, unless that is another write.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../json.h"
#include "../trace.h"

namespace kbk {

namespace {

class History : public Listener {
 public:
  // As kbk/sanitizer/history.py reads it. An access of more than 8 bytes is several records, one after another.
  struct Record {
    std::uint64_t address;  // of shared memory: from the start of the block's arena. Of a meeting: the mask of its lanes; of an exchange: what was given
    std::uint64_t value;    // little endian
    std::uint32_t pc;       // minus the lowest address of the library's code
    std::uint32_t block;    // linear
    std::uint16_t thread;   // linear, in its block. Of a meeting: the first one of the warp
    std::uint16_t interval;  // __syncthreads that the block has passed
    std::uint8_t bytes;     // Of a meeting: its Op
    std::uint8_t access;    // Access, kMeeting or kExchange
    std::uint8_t space;
    std::uint8_t marks;
  };
  static_assert(sizeof(Record) == 32, "kbk: Python reads 32 bytes a record");

  void start(std::uint64_t most) {
    clear();
    most_ = most;
  }
  void clear() {
    for (auto& chunk : chunks_)
      if (chunk != nullptr && spare_.size() < kMostSpare) spare_.push_back(std::move(chunk));
    chunks_.clear();
    seen_.clear();
    intervals_.clear();
    count_ = held_.count = last_.count = 0;
    full_ = false;
    block_ = nullptr;
  }

  void begin(const Launch& launch) override {
    Seen seen;
    std::uintptr_t base;
    const std::string library = library_of(reinterpret_cast<const void*>(launch.body), base);
    low_ = launch.text_low;
    seen.text = "{\"serial\":" + std::to_string(launch.serial) + ",\"kernel\":" + json_text(launch.kernel) +
                ",\"grid\":" + numbers(launch.config.grid) + ",\"block\":" + numbers(launch.config.block) +
                ",\"library\":" + json_text(library) + ",\"code\":" + std::to_string(low_ - base);
    seen.first = count_;
    seen.complete = !full_;
    seen.shuffled = launch.seed != 0;
    seen_.push_back(std::move(seen));
    settle();
    intervals_.clear();
    block_ = nullptr;
  }

  void block_begin(const Block& block) override {
    settle();
    intervals_[&block] = 0;
    block_ = nullptr;
    Seen& seen = seen_.back();
    seen.dynamic = block.dynamic - block.arena.base;
    if (seen.shuffled && seen.order.size() < kMostBlocks) seen.order.push_back(static_cast<std::uint32_t>(block.linear));
  }

  void touch(const Thread& thread, const Touch& touch) override {
    const bool more = last_.count != 0 && touch.at == last_.end && touch.pc == last_.pc && &thread == last_.thread &&
                      touch.access == last_.access && touch.access != Access::kAtomic;
    if (!more && held_.count == 0 && last_.count != 0 && last_.access == Access::kWrite && touch.access == Access::kRead) {
      held_ = last_;
      last_.count = 0;
    } else if (!more) {
      settle();
    }
    if (touch.space == Space::kHost || full_) return;
    const std::uint32_t records = (touch.bytes + kWord - 1) / kWord * (touch.access == Access::kAtomic ? 2 : 1);
    if (count_ + records > most_) return fill_up();
    if (thread.block != block_) enter(*thread.block);
    Record record{};
    record.address = touch.address;
    if (touch.space == Space::kShared)
      record.address = static_cast<std::uint64_t>(static_cast<const char*>(touch.at) - block_->arena.base);
    record.pc = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(touch.pc) - low_);
    record.block = static_cast<std::uint32_t>(block_->linear);
    record.thread = static_cast<std::uint16_t>(thread.linear);
    record.interval = *interval_;
    record.access = static_cast<std::uint8_t>(touch.access);
    record.space = static_cast<std::uint8_t>(touch.space);
    const auto* at = static_cast<const char*>(touch.at);
    if (touch.access == Access::kAtomic) {
      add(record, touch.bytes, at, true);
      record.marks = kAfter;
    }
    if (!more) last_ = {count_, 0, at, at, touch.pc, &thread, touch.access};
    add(record, touch.bytes, at, false);
    last_.count = count_ - last_.first;
    last_.end = at + touch.bytes;
  }

  void fence(const Thread&, Scope) override { settle(); }
  void barrier(const Block& block) override {
    settle();
    std::uint16_t& interval = intervals_[&block];
    if (interval != UINT16_MAX) ++interval;
  }
  void collective(const Block& block, unsigned warp, unsigned lanes, Op op) override {
    settle();
    if (full_) return;
    if (count_ == most_) return fill_up();
    if (&block != block_) enter(block);
    Record record{};
    record.address = lanes;
    record.block = static_cast<std::uint32_t>(block.linear);
    record.thread = static_cast<std::uint16_t>(warp * kLanes);
    record.interval = *interval_;
    record.bytes = static_cast<std::uint8_t>(op);
    record.access = kMeeting;
    *room() = record;
  }
  void exchange(const Thread& thread, Op op, std::uint64_t gave, std::uint64_t got) override {
    if (full_) return;
    if (count_ == most_) return fill_up();
    if (thread.block != block_) enter(*thread.block);
    Record record{};
    record.address = gave;
    record.value = got;
    record.pc = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(thread.wait_pc) - low_);
    record.block = static_cast<std::uint32_t>(block_->linear);
    record.thread = static_cast<std::uint16_t>(thread.linear);
    record.interval = *interval_;
    record.bytes = static_cast<std::uint8_t>(op);
    record.access = kExchange;
    if (op <= Op::kShflXor) record.space = kFrom | thread.block->warps[thread.linear / kLanes].source[thread.linear % kLanes];
    *room() = record;
  }
  void grid_barrier(const Launch&) override { settle(); }
  void leave(const Thread&) override { settle(); }
  void block_end(const Block& block) override {
    settle();
    intervals_.erase(&block);
    block_ = nullptr;
  }

  void end(const Launch& launch) override {
    Seen& seen = seen_.back();
    seen.ended = launch.stop.load();
    if (seen.ended) forget(held_), forget(last_);  // the access may be what ended it
    settle();
    for (const SharedSlot* slot : launch.slots)
      add_variable(seen.shared, slot->name, slot->offset, slot->size, slot->element, slot->extents, slot->type, false);
    const unsigned none[4] = {0, 0, 0, 0};
    if (const auto bytes = static_cast<unsigned>(launch.config.dynamic_bytes))
      add_variable(seen.shared, launch.dynamic.name, static_cast<unsigned>(seen.dynamic), bytes, launch.dynamic.element, none,
                   launch.dynamic.type, true);
  }

  std::uint64_t count() const { return count_; }

  std::string launches() const {
    std::string all = "[";
    for (const Seen& seen : seen_) {
      all += (all.size() > 1 ? "," : "") + seen.text + ",\"first\":" + std::to_string(seen.first) +
             ",\"complete\":" + (seen.complete ? "true" : "false") + ",\"ended\":" + (seen.ended ? "true" : "false") +
             ",\"order\":[";
      for (std::size_t i = 0; i < seen.order.size(); ++i) all += (i ? "," : "") + std::to_string(seen.order[i]);
      all += "],\"shared\":[" + seen.shared + "]}";
    }
    return all + "]";
  }

  // Into `to`, which has room for count(); what was copied is forgotten.
  void take(Record* to) {
    std::uint64_t left = count_;
    for (auto& chunk : chunks_) {
      const std::uint64_t here = std::min<std::uint64_t>(left, kPerChunk);
      std::memcpy(static_cast<void*>(to), chunk.get(), here * sizeof(Record));
      to += here;
      left -= here;
    }
    clear();
  }

 private:
  static constexpr std::uint8_t kMeeting = 7;   // lanes of a warp met in a collective
  static constexpr std::uint8_t kExchange = 8;  // one of these lanes, and what it gave and got
  static constexpr std::uint8_t kFrom = 0x80;  // instead of a space, with a lane: the one that a shuffle read
  // Marks of a record.
  static constexpr std::uint8_t kContinues = 1;  // the access of the record before
  static constexpr std::uint8_t kUnknown = 2;    // nobody saw the value
  static constexpr std::uint8_t kAfter = 4;      // of an atomic, whose first record has what was there before: what is there since
  static constexpr std::size_t kPerChunk = 1u << 16;
  static constexpr std::size_t kMostSpare = 32;  // chunks kept for the next launches: 64 MiB
  static constexpr std::size_t kMostBlocks = 1u << 20;  // whose order is kept
  static constexpr std::uint32_t kWord = 8;

  struct Seen {
    std::string text;  // JSON without its end
    std::string shared;
    std::uint64_t first = 0;
    bool complete = true, ended = false, shuffled = false;
    std::ptrdiff_t dynamic = 0;  // where dynamic shared memory begins in the arena
    std::vector<std::uint32_t> order;  // of the blocks, as they began
  };

  static std::string numbers(const Dim& d) {
    return "[" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + "]";
  }

  Record* room() {
    if (count_ % kPerChunk == 0) {
      if (spare_.empty()) {
        chunks_.emplace_back(new Record[kPerChunk]);
      } else {
        chunks_.push_back(std::move(spare_.back()));
        spare_.pop_back();
      }
    }
    return &chunks_.back()[count_++ % kPerChunk];
  }

  void add(Record record, std::uint32_t bytes, const char* at, bool now) {
    for (std::uint32_t done = 0; done < bytes; done += kWord) {
      record.bytes = static_cast<std::uint8_t>(std::min(bytes - done, kWord));
      if (now) read_value(record, at + done);
      *room() = record;
      record.address += kWord;
      record.marks |= kContinues;
    }
  }

  // Accesses that are told together: what they have in memory has not been read yet.
  struct Group {
    std::uint64_t first = 0, count = 0;  // records
    const char *begin = nullptr, *end = nullptr;
    const void* pc = nullptr;
    const Thread* thread = nullptr;
    Access access = Access::kRead;
  };

  static void read_value(Record& record, const char* at) {
    switch (record.bytes) {  // of a fixed size a copy is one instruction
      case 2: std::memcpy(&record.value, at, 2); break;
      case 4: std::memcpy(&record.value, at, 4); break;
      case 8: std::memcpy(&record.value, at, 8); break;
      default: std::memcpy(&record.value, at, record.bytes);
    }
  }
  void settle() {
    settle(held_);
    settle(last_);
  }
  void settle(Group& group) {
    const char* at = group.begin;
    for (std::uint64_t i = group.first; group.count != 0; ++i, --group.count) {
      Record& record = chunks_[i / kPerChunk][i % kPerChunk];
      read_value(record, at);
      at += record.bytes;
    }
  }
  void forget(Group& group) {
    for (std::uint64_t i = group.first; group.count != 0; ++i, --group.count)
      chunks_[i / kPerChunk][i % kPerChunk].marks |= kUnknown;
  }

  void fill_up() {
    full_ = true;
    seen_.back().complete = false;
  }

  void enter(const Block& block) {
    block_ = &block;
    interval_ = &intervals_[&block];  // stays where it is when others come and go
  }

  static void add_variable(std::string& all, const char* name, unsigned offset, unsigned size, unsigned element,
                           const unsigned (&extents)[4], char type, bool dynamic) {
    std::string text;
    for (const unsigned extent : extents)
      if (extent != 0) text += (text.empty() ? "" : ",") + std::to_string(extent);
    const char kind[2] = {type, 0};
    all += std::string(all.empty() ? "" : ",") + "{\"name\":" + json_text(name) + ",\"offset\":" + std::to_string(offset) +
           ",\"size\":" + std::to_string(size) + ",\"element\":" + std::to_string(element) + ",\"extents\":[" + text +
           "],\"type\":" + json_text(kind) + ",\"dynamic\":" + (dynamic ? "true" : "false") + "}";
  }

  std::vector<std::unique_ptr<Record[]>> chunks_, spare_;
  std::vector<Seen> seen_;
  std::unordered_map<const Block*, std::uint16_t> intervals_;  // of the blocks that live now
  std::uint64_t count_ = 0, most_ = 0;
  bool full_ = false;
  std::uintptr_t low_ = 0;
  const Block* block_ = nullptr;  // whose interval is at hand
  std::uint16_t* interval_ = nullptr;
  Group held_, last_;  // a write, and what was told after it
};

History history;

}  // namespace

extern "C" {

// Records from here on, at most so many records.
KBK_API void kbk_sim_history_start(std::uint64_t most) {
  remove_listener(&history);
  history.start(most);
  add_listener(&history);
}
// Ends the recording and says how many records there are to take.
KBK_API std::uint64_t kbk_sim_history_stop() {
  remove_listener(&history);
  return history.count();
}
KBK_API std::uint64_t kbk_sim_history_count() { return history.count(); }
// The launches, as JSON; valid until the next call.
KBK_API const char* kbk_sim_history_launches() {
  static std::string text;
  text = history.launches();
  return text.c_str();
}
KBK_API void kbk_sim_history_take(void* to) { history.take(static_cast<History::Record*>(to)); }
KBK_API void kbk_sim_history_discard() { history.clear(); }
}

}  // namespace kbk
