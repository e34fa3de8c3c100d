// Data races: two threads at the same bytes, one of them writing, and nothing that orders them.
#pragma once

#include "../trace.h"

namespace kbk {

constexpr std::uint32_t kRaceRecords = 48u << 20;  // of a launch, 28 bytes each
constexpr unsigned kRaceAlike = 4;                 // reads of a word, or atomics on it, that nothing orders among themselves

Listener& race_detector();
void race_forgives(bool guesses);  // whether a plain load before a swap is one (for tests: it is by default)
void race_limit(std::uint32_t records, unsigned alike);

}  // namespace kbk
