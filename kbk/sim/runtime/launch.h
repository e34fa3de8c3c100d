// What launch.cpp shares with the other parts of the runtime.
#pragma once

#include "state.h"

namespace kbk {
extern double last_seconds;  // of the launch that ended last
unsigned long launches();
void lock_calls();  // for the time of a host function: it may be taken again by the same thread
void unlock_calls();
bool set_profile(int arch);
void log_launches(bool on);     // forgets what was logged
std::string launch_log();       // as JSON: [{"kernel":..., "grid":[x,y,z], "block":[x,y,z], "dynamic_bytes":n}, ...]
void log_launch(const Launch& launch);
void keep_fault(Fault fault);  // until Python asks
}  // namespace kbk
