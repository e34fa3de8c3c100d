// What the fault handler asks of guarded memory; the rest is in kbk_runtime.h.
#pragma once

#include <cstddef>

namespace kbk {
// A sentence for an address in or around a tensor of the call, or false. Safe in a signal handler.
bool explain_guarded(const void* address, char* text, std::size_t size);
}  // namespace kbk
