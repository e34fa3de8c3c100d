// What launch.cpp shares with the other parts of the runtime.
#pragma once

#include "state.h"

namespace kbk {
extern double last_seconds;  // of the launch that ended last
unsigned long launches();
bool set_profile(int arch);
void keep_fault(Fault fault);  // until Python asks
}  // namespace kbk
