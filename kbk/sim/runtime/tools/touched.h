// Which bytes of global memory a launch read and wrote, and how often each was written.
#pragma once

#include <cstdint>

namespace kbk {

struct Touched {
  std::uint64_t read = 0, written = 0;  // bytes
  std::uint64_t most_writes = 0;        // of one byte
};

void touched_clear();
void touched_read(std::uint64_t address, unsigned bytes);
void touched_write(std::uint64_t address, unsigned bytes);
Touched touched_between(std::uint64_t begin, std::uint64_t end);
Touched touched_all();

}  // namespace kbk
