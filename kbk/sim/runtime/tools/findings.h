// What the checkers found: one list for all of them, de-duplicated and capped, until Python takes it.
#pragma once

#include <cstdint>
#include <string>

#include "../trace.h"

namespace kbk {

enum class Severity : std::uint8_t { kError, kWarning, kInfo };

// One side of a finding: who, where, and what it did.
struct Actor {
  const void* pc = nullptr;
  std::uint64_t block = 0, thread = 0;  // packed indices
  Access access = Access::kRead;
  bool known = false;      // block and thread hold
  bool has_value = false;  // `value` holds the first min(bytes, 8) bytes: what was read, or what was written
  std::uint64_t value = 0;
};

struct Finding {
  const char* kind;  // "out-of-bounds", "misaligned", "uninitialized", "race", "barrier", "hang", "launch"
  const char* code;  // which of that kind, a stable word: Python has the sentence ("race-raw", "bounds-shared")
  Severity severity = Severity::kError;
  Actor actor, other;
  bool has_memory = false;  // space, address, bytes hold
  Space space = Space::kGlobal;
  std::uint64_t address = 0;  // as in Touch
  std::uint32_t bytes = 0;
  int beyond = -1;            // as in Touch
  std::uint64_t number = 0;  // what the code says: lanes, a count
  std::string text;           // what the code says: a sentence of another part of the runtime
  const char* file = nullptr;  // of host code
  int line = 0;
};

Actor actor_of(const Thread& thread, const void* pc, Access access);
Actor actor_of(const Thread& thread, const Touch& touch);  // with the value, of a read

extern bool checking;  // between kbk_sim_sanitize(1) and (0)

// Adds a finding of the launch in hand. The same kind, code and pair of places again only raises its count.
void found(const Launch& launch, Finding finding);

}  // namespace kbk
