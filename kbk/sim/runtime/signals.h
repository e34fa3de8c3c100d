// The signals of a launch, and a view of the interrupted machine state.
#pragma once

#include <cstdint>

#include "state.h"

namespace kbk {

class MachineContext {
 public:
  explicit MachineContext(void* ucontext) : context_(ucontext) {}
  std::uintptr_t pc() const;
  std::uintptr_t sp() const;
  // On return from the handler, call `function` (which never returns) on the stack below `top`.
  void jump(std::uintptr_t function, std::uintptr_t top);

 private:
  void* context_;
};

bool interrupted();  // Ctrl-C came during this launch
bool stop_wanted();  // cheap: a tick has passed since the last call, so it is time to look for a reason to stop
void interrupt_raised();      // this thread turns Ctrl-C into an exception

// faults.cpp
void on_fatal_signal(int number, const void* address, bool address_unknown, MachineContext& context);
bool on_tick(MachineContext& context);  // true: give other threads a turn

}  // namespace kbk
