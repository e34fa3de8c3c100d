// cub::BlockScan: each warp scans by shuffles, its last lane writes the warp's total to shared memory, and after a barrier every thread
// combines the totals before its warp. Whoever uses TempStorage again needs __syncthreads() before, as on a GPU.
// https://nvidia.github.io/cccl/cub/api/classcub_1_1BlockScan.html
#pragma once

#include "../kbk_cub.cuh"
#include "kbk_sync.h"

namespace cub {

// The algorithms differ in time; here all are the one above.
enum BlockScanAlgorithm { BLOCK_SCAN_RAKING, BLOCK_SCAN_RAKING_MEMOIZE, BLOCK_SCAN_WARP_SCANS };

template <class T, int kX, BlockScanAlgorithm kAlgorithm = BLOCK_SCAN_RAKING, int kY = 1, int kZ = 1, int kArch = 0>
class BlockScan {
  static constexpr unsigned kThreads = kX * kY * kZ;
  static constexpr unsigned kWarps = (kThreads + 31) / 32;
  using Plus = ::std::plus<>;

 public:
  struct TempStorage {
    kbk_detail::Room<T, kWarps> of_warp;
    kbk_detail::Room<T, 1> prefix;
  };

  explicit BlockScan(TempStorage& storage) : storage_(storage) {
    if (kbk_detail::threads_of_block() != kThreads)
      kbk::trap("unsupported", "cub::BlockScan was made for another number of threads than the block has");
  }

  // --- one item a thread
  template <class Op>
  void InclusiveScan(T input, T& output, Op op) {
    T total;
    InclusiveScan(input, output, op, total);
  }
  template <class Op>
  void InclusiveScan(T input, T& output, Op op, T& aggregate) {
    const Parts parts = scan(input, op, aggregate);
    output = parts.has_before_warp ? op(parts.before_warp, parts.inclusive) : parts.inclusive;
  }
  template <class Op>
  void ExclusiveScan(T input, T& output, T initial, Op op) {
    T total;
    ExclusiveScan(input, output, initial, op, total);
  }
  // The aggregate is without the initial value.
  template <class Op>
  void ExclusiveScan(T input, T& output, T initial, Op op, T& aggregate) {
    T before;
    output = exclusive(input, op, aggregate, before) ? op(initial, before) : initial;
  }
  // Without an initial value the output of thread 0 is undefined: its input here.
  template <class Op>
  void ExclusiveScan(T input, T& output, Op op) {
    T total, before;
    output = exclusive(input, op, total, before) ? before : input;
  }
  void InclusiveSum(T input, T& output) { InclusiveScan(input, output, Plus{}); }
  void InclusiveSum(T input, T& output, T& aggregate) { InclusiveScan(input, output, Plus{}, aggregate); }
  void ExclusiveSum(T input, T& output) { ExclusiveScan(input, output, T(0), Plus{}); }
  void ExclusiveSum(T input, T& output, T& aggregate) { ExclusiveScan(input, output, T(0), Plus{}, aggregate); }
  // `prefix` is called by the first warp with the aggregate; what it returns to thread 0 comes before everything.
  template <class Prefix>
  void ExclusiveSum(T input, T& output, Prefix& prefix) {
    T total, before;
    const bool later = exclusive(input, Plus{}, total, before);
    const T first = shared_prefix(prefix, total);
    output = later ? first + before : first;
  }
  template <class Prefix>
  void InclusiveSum(T input, T& output, Prefix& prefix) {
    T total, inclusive;
    InclusiveScan(input, inclusive, Plus{}, total);
    output = shared_prefix(prefix, total) + inclusive;
  }

  // --- several consecutive items a thread
  template <int kItems, class Op>
  void InclusiveScan(T (&inputs)[kItems], T (&outputs)[kItems], Op op) {
    T total;
    InclusiveScan(inputs, outputs, op, total);
  }
  template <int kItems, class Op>
  void InclusiveScan(T (&inputs)[kItems], T (&outputs)[kItems], Op op, T& aggregate) {
    T before;
    const bool later = exclusive(kbk_detail::reduce_items(inputs, op), op, aggregate, before);
    outputs[0] = later ? op(before, inputs[0]) : inputs[0];
    for (int i = 1; i < kItems; ++i) outputs[i] = op(outputs[i - 1], inputs[i]);
  }
  template <int kItems, class Op>
  void ExclusiveScan(T (&inputs)[kItems], T (&outputs)[kItems], T initial, Op op) {
    T total;
    ExclusiveScan(inputs, outputs, initial, op, total);
  }
  template <int kItems, class Op>
  void ExclusiveScan(T (&inputs)[kItems], T (&outputs)[kItems], T initial, Op op, T& aggregate) {
    T before;
    const bool later = exclusive(kbk_detail::reduce_items(inputs, op), op, aggregate, before);
    T running = later ? op(initial, before) : initial;
    for (int i = 0; i < kItems; ++i) {
      const T input = inputs[i];  // inputs and outputs may be one array
      outputs[i] = running;
      running = op(running, input);
    }
  }
  template <int kItems>
  void InclusiveSum(T (&inputs)[kItems], T (&outputs)[kItems]) { InclusiveScan(inputs, outputs, Plus{}); }
  template <int kItems>
  void InclusiveSum(T (&inputs)[kItems], T (&outputs)[kItems], T& aggregate) { InclusiveScan(inputs, outputs, Plus{}, aggregate); }
  template <int kItems>
  void ExclusiveSum(T (&inputs)[kItems], T (&outputs)[kItems]) { ExclusiveScan(inputs, outputs, T(0), Plus{}); }
  template <int kItems>
  void ExclusiveSum(T (&inputs)[kItems], T (&outputs)[kItems], T& aggregate) {
    ExclusiveScan(inputs, outputs, T(0), Plus{}, aggregate);
  }

 private:
  struct Parts {
    T inclusive, before_warp;
    bool has_before_warp;
  };

  // Up to this thread within its warp, and all the warps before; `total` becomes that of the block.
  template <class Op>
  Parts scan(T input, Op op, T& total) {
    const unsigned thread = kbk_detail::thread_in_block(), warp = thread / 32, exist = kbk_detail::lanes_of_warp();
    Parts parts{kbk_detail::scan_lanes(input, op, 0, 32, exist), input, warp > 0};
    if (thread % 32 == exist - 1) storage_.of_warp[warp] = parts.inclusive;
    __syncthreads();
    total = storage_.of_warp[0];
    for (unsigned other = 1; other < kWarps; ++other) {
      if (other == warp) parts.before_warp = total;
      total = op(total, storage_.of_warp[other]);
    }
    return parts;
  }

  // `before` becomes what lies before this thread; false: nothing does.
  template <class Op>
  bool exclusive(T input, Op op, T& total, T& before) {
    const Parts parts = scan(input, op, total);
    const unsigned lane = kbk_detail::thread_in_block() % 32;
    const unsigned mask = kbk_detail::low_lanes(kbk_detail::lanes_of_warp());
    const T left = kbk_detail::from_lane(mask, parts.inclusive, lane > 0 ? lane - 1 : 0);
    if (lane == 0) {
      before = parts.before_warp;
      return parts.has_before_warp;
    }
    before = parts.has_before_warp ? op(parts.before_warp, left) : left;
    return true;
  }

  template <class Prefix>
  T shared_prefix(Prefix& prefix, const T& total) {
    const unsigned thread = kbk_detail::thread_in_block();
    if (thread < 32) {
      const T first = prefix(total);
      if (thread == 0) storage_.prefix[0] = first;
    }
    __syncthreads();
    return storage_.prefix[0];
  }

  TempStorage& storage_;
};

}  // namespace cub
