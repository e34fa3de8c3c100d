// Stands for torch's <ATen/native/cuda/KernelUtils.cuh>: index of an element, and atomic additions to elements of a tensor.
#pragma once

#include <ATen/cuda/Atomic.cuh>

#include <cstddef>

namespace at::native {

inline std::size_t idx(std::size_t nc, std::size_t height, std::size_t width, std::size_t h, std::size_t w) {
  return (nc * height + h) * width + w;
}
inline std::size_t idx_cl(std::size_t n, std::size_t h, std::size_t w, std::size_t c, std::size_t height, std::size_t width,
                          std::size_t channel) {
  return ((n * height + h) * width + w) * channel + c;
}

// On a GPU two halves may be added as a pair to save time; what is added is the same.
template <class T, class Index>
inline void fastAtomicAdd(T* tensor, Index index, const Index /*numel*/, T value, bool /*fast_atomics*/) {
  gpuAtomicAddNoReturn(tensor + index, value);
}
template <class T, class Index>
inline void fastSpecializedAtomicAdd(T* tensor, Index index, const Index /*numel*/, T value) {
  gpuAtomicAddNoReturn(tensor + index, value);
}

}  // namespace at::native
