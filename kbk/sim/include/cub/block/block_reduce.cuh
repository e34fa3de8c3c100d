// cub::BlockReduce: each warp reduces by shuffles, its first lane writes to shared memory, and after a barrier thread 0 combines what the
// warps wrote, in order. Only thread 0 gets the result. Whoever uses TempStorage again needs __syncthreads() before, as on a GPU.
// https://nvidia.github.io/cccl/cub/api/classcub_1_1BlockReduce.html
#pragma once

#include "../kbk_cub.cuh"
#include "kbk_sync.h"

namespace cub {

// The algorithms differ in time; here all are the one above.
enum BlockReduceAlgorithm { BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY, BLOCK_REDUCE_RAKING, BLOCK_REDUCE_WARP_REDUCTIONS };

template <class T, int kX, BlockReduceAlgorithm kAlgorithm = BLOCK_REDUCE_WARP_REDUCTIONS, int kY = 1, int kZ = 1, int kArch = 0>
class BlockReduce {
  static constexpr unsigned kThreads = kX * kY * kZ;
  static constexpr unsigned kWarps = (kThreads + 31) / 32;

 public:
  struct TempStorage {
    kbk_detail::Room<T, kWarps> of_warp;
  };

  explicit BlockReduce(TempStorage& storage) : storage_(storage) {
    if (kbk_detail::threads_of_block() != kThreads)
      kbk::trap("unsupported", "cub::BlockReduce was made for another number of threads than the block has");
  }

  template <class Op>
  T Reduce(T input, Op op) { return Reduce(input, op, static_cast<int>(kThreads)); }
  template <int kItems, class Op>
  T Reduce(T (&inputs)[kItems], Op op) { return Reduce(kbk_detail::reduce_items(inputs, op), op); }
  // Of the first `valid` threads only.
  template <class Op>
  T Reduce(T input, Op op, int valid) {
    const unsigned count = static_cast<unsigned>(valid), thread = kbk_detail::thread_in_block(), warp = thread / 32;
    const unsigned exist = kbk_detail::lanes_of_warp();
    const unsigned left = count > warp * 32 ? count - warp * 32 : 0;
    T total = kbk_detail::reduce_lanes(input, op, 0, 32, exist, left < exist ? left : exist);
    if (thread % 32 == 0) storage_.of_warp[warp] = total;
    __syncthreads();
    if (thread == 0)
      for (unsigned other = 1; other < kWarps && other * 32 < count; ++other) total = op(total, storage_.of_warp[other]);
    return total;
  }
  T Sum(T input) { return Reduce(input, ::std::plus<>{}); }
  T Sum(T input, int valid) { return Reduce(input, ::std::plus<>{}, valid); }
  template <int kItems>
  T Sum(T (&inputs)[kItems]) { return Reduce(inputs, ::std::plus<>{}); }

 private:
  TempStorage& storage_;
};

}  // namespace cub
