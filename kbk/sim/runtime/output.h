// Device printf.
#pragma once

#include <cstddef>

namespace kbk {
void set_writer(void (*function)(const char*, std::size_t));
void flush_output();
}  // namespace kbk
