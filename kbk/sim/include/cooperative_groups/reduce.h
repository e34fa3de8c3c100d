// cooperative_groups::reduce over a tile or a coalesced group. CUDA C++ Programming Guide, "Cooperative Groups", "reduce".
#pragma once

#include "../cooperative_groups.h"

namespace cooperative_groups {

template <class T>
struct plus { T operator()(T a, T b) const { return a + b; } };
template <class T>
struct less { T operator()(T a, T b) const { return b < a ? b : a; } };
template <class T>
struct greater { T operator()(T a, T b) const { return a < b ? b : a; } };
template <class T>
struct bit_and { T operator()(T a, T b) const { return a & b; } };
template <class T>
struct bit_or { T operator()(T a, T b) const { return a | b; } };
template <class T>
struct bit_xor { T operator()(T a, T b) const { return a ^ b; } };

// A butterfly over ranks where the size is a power of two, as the GPU does it; a walk over the ranks elsewhere.
template <class Group, class T, class Op>
T reduce(const Group& group, T value, Op op) {
  const unsigned size = group.num_threads();
  if ((size & (size - 1)) == 0) {
    for (unsigned step = size / 2; step > 0; step /= 2) {
      const T other = group.shfl(value, static_cast<int>(group.thread_rank() ^ step));
      value = op(value, other);
    }
    return value;
  }
  T total = group.shfl(value, 0);
  for (unsigned rank = 1; rank < size; ++rank) total = op(total, group.shfl(value, static_cast<int>(rank)));
  return total;
}

}  // namespace cooperative_groups
