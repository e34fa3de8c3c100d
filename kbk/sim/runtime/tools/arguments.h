// The tensors of the call in hand, as Python told them: to whose elements an address belongs.
#pragma once

#include <cstdint>
#include <vector>

#include "touched.h"

namespace kbk {

// The number of an argument one of whose elements holds the byte, or -1. Of several, one that is written for a store, one that is only
// read for a load.
int argument_of(std::uint64_t address, bool store);

// The same of a run of bytes that begins in the argument that was asked for last; false if that is not known to hold all of it.
bool argument_of_run(std::uint64_t begin, std::uint64_t end, bool store, int& number);

// What the launch did to each argument, those of no elements too.
struct ArgumentTouched {
  int number;
  Touched touched;
};
std::vector<ArgumentTouched> touched_by_argument();

}  // namespace kbk
