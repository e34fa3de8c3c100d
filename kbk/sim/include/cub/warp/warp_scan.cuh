// cub::WarpScan over 1, 2, 4, ... 32 lanes, by shuffles.
// https://nvidia.github.io/cccl/cub/api/classcub_1_1WarpScan.html
#pragma once

#include "../kbk_cub.cuh"

namespace cub {

template <class T, int kLanes = 32>
class WarpScan {
  static_assert(kLanes >= 1 && kLanes <= 32 && (kLanes & (kLanes - 1)) == 0,
                "kbk: a simulated logical warp has 1, 2, 4, 8, 16 or 32 lanes");

 public:
  struct TempStorage : NullType {};

  explicit WarpScan(TempStorage&) {}

  template <class Op>
  void InclusiveScan(T input, T& output, Op op) {
    output = kbk_detail::scan_lanes(input, op, first(), kLanes, exist());
  }
  template <class Op>
  void InclusiveScan(T input, T& output, Op op, T& aggregate) {
    const T all = kbk_detail::scan_lanes(input, op, first(), kLanes, exist());
    aggregate = kbk_detail::from_lane(kbk_detail::low_lanes(exist()) << first(), all, first() + exist() - 1);
    output = all;
  }
  template <class Op>
  void ExclusiveScan(T input, T& output, T initial, Op op) {
    const T all = kbk_detail::scan_lanes(input, op, first(), kLanes, exist());
    const unsigned lane = kbk::lane_id();
    const T before = kbk_detail::from_lane(kbk_detail::low_lanes(exist()) << first(), all, lane > first() ? lane - 1 : lane);
    output = lane > first() ? op(initial, before) : initial;
  }
  void InclusiveSum(T input, T& output) { InclusiveScan(input, output, ::std::plus<>{}); }
  void InclusiveSum(T input, T& output, T& aggregate) { InclusiveScan(input, output, ::std::plus<>{}, aggregate); }
  void ExclusiveSum(T input, T& output) { ExclusiveScan(input, output, T(0), ::std::plus<>{}); }
  T Broadcast(T input, unsigned lane) {
    return kbk_detail::from_lane(kbk_detail::low_lanes(exist()) << first(), input, first() + lane);
  }

 private:
  static unsigned first() { return kbk::lane_id() & ~(kLanes - 1u); }
  static unsigned exist() {
    const unsigned lanes = kbk_detail::lanes_of_warp() - first();
    return lanes < kLanes ? lanes : kLanes;
  }
};

}  // namespace cub
