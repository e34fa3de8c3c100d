// Data races: two threads at the same bytes, one of them writing, and nothing that orders them.
#pragma once

#include "../trace.h"

namespace kbk {

Listener& race_detector();
bool race_gave_up();  // in the launch before: memory beyond the limit was not watched
void race_limit(std::uint32_t records);  // of one launch, 28 bytes each

}  // namespace kbk
