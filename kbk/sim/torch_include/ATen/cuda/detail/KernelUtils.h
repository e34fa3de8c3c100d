// Stands for torch's <ATen/cuda/detail/KernelUtils.h>: a loop over a grid of threads, and the grid for it.
#pragma once

#include <c10/util/Exception.h>

#include <cstdint>
#include <limits>

#include "cuda_runtime.h"

namespace at::cuda::detail {

#define CUDA_KERNEL_LOOP_TYPE(i, n, index_type)                                                                                \
  int64_t _i_n_d_e_x = static_cast<int64_t>(::kbk::block_idx().x) * ::kbk::block_dimensions().x + ::kbk::thread_idx().x;       \
  for (index_type i = static_cast<index_type>(_i_n_d_e_x); _i_n_d_e_x < (n);                                                   \
       _i_n_d_e_x += static_cast<int64_t>(::kbk::block_dimensions().x) * ::kbk::grid_dimensions().x,                           \
                  i = static_cast<index_type>(_i_n_d_e_x))
#define CUDA_KERNEL_LOOP(i, n) CUDA_KERNEL_LOOP_TYPE(i, n, int)

constexpr int CUDA_NUM_THREADS = 1024;

inline int GET_BLOCKS(int64_t n, int64_t threads = CUDA_NUM_THREADS) {
  TORCH_CHECK(n > 0, "GET_BLOCKS: the number of threads must be positive, but is ", n);
  const int64_t blocks = (n - 1) / threads + 1;
  TORCH_CHECK(blocks <= std::numeric_limits<int>::max(), "GET_BLOCKS: ", n, " threads need more blocks than an int can count");
  return static_cast<int>(blocks);
}

}  // namespace at::cuda::detail
