// How a race is told: each pair of places once, as bad as its worst case, with the values of both sides.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "findings.h"
#include "order.h"
#include "shadow.h"

namespace kbk::race {

// How strong an access is. A stronger one conflicts with less, so it does not stand for a weaker one before it.
inline unsigned rank_of(Access a) { return is_atomic(a) ? 2 : is_volatile(a) ? 1 : 0; }

// The access in hand.
struct Now {
  const Thread* thread;
  const Touch* touch;
  Stamp stamp;
  std::int32_t pc;
  unsigned rank;
  bool writes, shared, released;
  bool swaps;  // an atomic at what its thread has just loaded: that load was a guess
};

class RaceFindings {
 public:
  void begin(std::uintptr_t origin) {
    origin_ = origin;
    for (auto& each : told_) each.clear();
    drop();
  }
  // The access in hand, and lanes of an earlier one that it is not ordered with, at a 4-byte word.
  void conflict(const Now& now, const Record& then, std::uint32_t lanes, std::uint64_t word);
  // Comes first in every event but touches: a write of the event before has happened now.
  void judge() {
    if (!waiting_.empty()) judge_now();
    if (!held_.empty()) tell_held(nullptr, nullptr);
  }
  // The same for a touch. A struct's copy is told before any of it happens, its stores perhaps before its loads.
  void judge(const Thread& thread, const Touch& touch) {
    if (!waiting_.empty() && !(waiting_.back().thread == &thread &&
                               (touch.access == Access::kRead || touch.pc == waiting_.back().finding.actor.pc)))
      judge_now();
    if (!held_.empty()) tell_held(&thread, &touch);
  }
  void drop() { waiting_.clear(), held_.clear(); }

  bool forgive = true;  // first guesses

 private:
  // A finding about a write that has not happened yet: it is complete, and its severity known, at the next event.
  struct Waiting {
    struct Word {
      const unsigned char* at;
      unsigned char old[4];
      std::uint8_t mask;
    };
    Finding finding;
    const Thread* thread;
    const unsigned char* at;
    std::uint8_t* told;
    bool same_value_is_harmless;
    unsigned count = 0;
    Word words[4];
  };

  void wait(const Now& now, Finding finding, std::uint8_t* told, std::uint64_t word, std::uint8_t mask);
  void judge_now();
  void tell(const Thread* thread, Finding finding);

  // A plain load against an atomic. If a compare-and-swap of the same thread follows there, the load was its first guess: whatever
  // it saw, the swap looks again.
  struct Held {
    Finding finding;
    const Thread* thread;
    std::uint8_t* told;
    std::uint8_t badness;
  };
  void tell_held(const Thread* thread, const Touch* touch);  // of that thread, which goes on with that access; null: all

  std::uintptr_t origin_ = 0;
  std::unordered_map<std::uint64_t, std::uint8_t> told_[3];  // of two places: the worst so far (1 info, 2 warning, 3 error)
  std::vector<Waiting> waiting_;
  std::vector<Held> held_;
};

}  // namespace kbk::race
