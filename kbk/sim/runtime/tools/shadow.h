// What is remembered of accesses: for each 4-byte word of memory a short list of records.
//
// A record is one access, or the same access of several lanes of a warp. Words of global memory are found by their page of
// 4 KiB; a block's shared memory has an array. A byte mask keeps neighbours in one word apart (bf16, int8).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

#include "../trace.h"

namespace kbk::race {

struct Record {
  std::uint32_t next;   // index in the pool; 0: none
  std::uint32_t block;  // linear
  std::uint32_t epoch, clock;
  std::int32_t pc;      // minus the kernel's address
  std::uint32_t lanes;  // who did it
  std::uint8_t warp;
  std::uint8_t mask;    // bytes of the word
  Access access;
  bool released;        // its thread had fenced before
};
static_assert(sizeof(Record) == 28, "kbk: a million accesses take 28 MB");

class Records {
 public:
  explicit Records(std::uint32_t most) : most_(most) {}
  ~Records() { std::free(base_); }
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  Record& operator[](std::uint32_t index) { return base_[index]; }
  // 0 when there is no room. Records move: hold indices.
  std::uint32_t take() {
    if (free_ != 0) {
      const std::uint32_t index = free_;
      free_ = base_[index].next;
      return index;
    }
    if (used_ >= room_ && !grow()) return 0;
    return used_++;
  }
  void give(std::uint32_t index) {
    base_[index].next = free_;
    free_ = index;
  }
  void clear() {
    used_ = 1;
    free_ = 0;
  }
  void shrink() {  // between launches
    clear();
    if (room_ <= kKept) return;
    std::free(base_);
    base_ = nullptr;
    room_ = 0;
  }
  bool full() const { return full_; }
  void set_most(std::uint32_t most) { most_ = most; }

 private:
  static constexpr std::uint32_t kKept = 1u << 22;

  bool grow() {
    const std::uint32_t want = room_ == 0 ? 1024 : room_ > most_ / 2 ? most_ : room_ * 2;
    void* const more = want > room_ ? std::realloc(static_cast<void*>(base_), std::size_t{want} * sizeof(Record)) : nullptr;
    if (more == nullptr) {
      full_ = true;
      return false;
    }
    base_ = static_cast<Record*>(more);
    room_ = want;
    return true;
  }

  Record* base_ = nullptr;
  std::uint32_t most_, room_ = 0, used_ = 1, free_ = 0;
  bool full_ = false;
};

// First record of each word of global memory.
class GlobalWords {
 public:
  std::uint32_t* head(std::uint64_t word) {  // null when there is no room
    const std::uint64_t page = word >> kWordBits;
    Cached& cached = cache_[page % kCached];
    if (cached.page != page || cached.heads == nullptr) {
      std::uint32_t* const heads = find(page);
      if (heads == nullptr) return nullptr;
      cached = {page, heads};
    }
    return &cached.heads[word % kWords];
  }
  void clear() {
    if (pages_.empty()) return;
    pages_.clear();
    std::memset(static_cast<void*>(cache_), 0, sizeof cache_);
    taken_ = 0;
  }
  void shrink() {
    clear();
    if (store_.size() > kKept) store_.resize(kKept);
  }

 private:
  static constexpr unsigned kWordBits = 10, kWords = 1u << kWordBits, kCached = 512;
  static constexpr std::size_t kKept = 16384;     // 64 MiB
  static constexpr std::size_t kMost = 1u << 18;  // 1 GiB: as much memory of the kernel
  struct Cached {
    std::uint64_t page = 0;
    std::uint32_t* heads = nullptr;
  };

  std::uint32_t* find(std::uint64_t page) {
    std::uint32_t*& heads = pages_[page];
    if (heads != nullptr) return heads;
    if (taken_ == kMost) {
      pages_.erase(page);
      return nullptr;
    }
    if (taken_ == store_.size()) store_.emplace_back(new std::uint32_t[kWords]);
    heads = store_[taken_++].get();
    std::memset(heads, 0, kWords * sizeof *heads);
    return heads;
  }

  Cached cache_[kCached];
  std::unordered_map<std::uint64_t, std::uint32_t*> pages_;
  std::vector<std::unique_ptr<std::uint32_t[]>> store_;
  std::size_t taken_ = 0;
};

// First record of each word of one block's shared memory. All that happened before a barrier is ordered: it is forgotten there,
// by a new number in place of a sweep.
class SharedWords {
 public:
  SharedWords() : records(1u << 24) {}
  void begin(const Arena& arena) {
    const std::size_t words = static_cast<std::size_t>(arena.end - arena.base) / 4;
    if (words > words_) {
      heads_.reset(static_cast<Head*>(std::calloc(words, sizeof(Head))));
      words_ = heads_ == nullptr ? 0 : words;
      era_ = 0;
    }
    forget();
  }
  void forget() {
    records.clear();
    ++era_;
  }
  std::uint32_t* head(std::uint64_t word) {
    if (word >= words_) return nullptr;
    Head& head = heads_[word];
    if (head.era != era_) head = {0, era_};
    return &head.first;
  }

  Records records;

 private:
  struct Head {
    std::uint32_t first, era;
  };
  struct Free {
    void operator()(Head* p) const { std::free(p); }
  };
  std::unique_ptr<Head[], Free> heads_;
  std::size_t words_ = 0;
  std::uint32_t era_ = 0;
};

}  // namespace kbk::race
