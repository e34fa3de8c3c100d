// cub::WarpReduce over 1, 2, 4, ... 32 lanes, by shuffles. Lane 0 of each logical warp gets the result.
// https://nvidia.github.io/cccl/cub/api/classcub_1_1WarpReduce.html
#pragma once

#include "../kbk_cub.cuh"

namespace cub {

template <class T, int kLanes = 32>
class WarpReduce {
  static_assert(kLanes >= 1 && kLanes <= 32 && (kLanes & (kLanes - 1)) == 0,
                "kbk: a simulated logical warp has 1, 2, 4, 8, 16 or 32 lanes");

 public:
  struct TempStorage : NullType {};

  explicit WarpReduce(TempStorage&) {}

  template <class Op>
  T Reduce(T input, Op op) { return Reduce(input, op, kLanes); }
  template <class Op>
  T Reduce(T input, Op op, int valid) {
    const unsigned first = kbk::lane_id() & ~(kLanes - 1u), lanes = kbk_detail::lanes_of_warp() - first;
    const unsigned exist = lanes < kLanes ? lanes : kLanes;
    const unsigned count = static_cast<unsigned>(valid) < exist ? static_cast<unsigned>(valid) : exist;
    return kbk_detail::reduce_lanes(input, op, first, kLanes, exist, count);
  }
  T Sum(T input) { return Reduce(input, ::std::plus<>{}); }
  T Sum(T input, int valid) { return Reduce(input, ::std::plus<>{}, valid); }
};

}  // namespace cub
