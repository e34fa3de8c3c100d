// The checkers, each a listener of its own, and what they share.
#pragma once

#include <cstddef>
#include <string>

#include "../trace.h"

namespace kbk {

Listener& bounds_checker();       // bounds.cpp
Listener& initialized_checker();  // initialized.cpp
Listener& barrier_checker();      // barriers.cpp

constexpr std::size_t kDynamicReach = 4096;  // so far in front of the dynamic shared memory an address still is its

std::string take_findings();  // as JSON; the list is empty then

// Ends the launch after a finding: the access must not happen.
[[noreturn]] void end_after_finding();

}  // namespace kbk
