// threadIdx, blockIdx, blockDim, gridDim, warpSize. CUDA C++ Programming Guide, "Built-in Variables".
// The translator writes ::kbk::thread_idx() for threadIdx, so that structs and host variables may keep those names.
// Constant functions of the runtime: the compiler calls each at most once in a thread and never traces them as memory.
#pragma once

#include "kbk_runtime.h"
#include "vector_types.h"

namespace kbk {

template <class Triple>
inline Triple unpack_dim(std::uint64_t packed) {
  return Triple{static_cast<unsigned>(packed), static_cast<unsigned>(packed >> 32 & 0xffff),
                static_cast<unsigned>(packed >> 48)};
}


inline uint3 thread_idx() { return unpack_dim<uint3>(thread_index()); }
inline uint3 block_idx() { return unpack_dim<uint3>(block_index()); }
inline dim3 block_dimensions() { return unpack_dim<dim3>(block_dim()); }
inline dim3 grid_dimensions() { return unpack_dim<dim3>(grid_dim()); }

}  // namespace kbk

static constexpr int warpSize = 32;
