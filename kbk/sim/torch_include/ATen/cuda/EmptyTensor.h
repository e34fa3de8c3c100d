// Stands for torch's <ATen/cuda/EmptyTensor.h>: tensors of the simulated device are CPU tensors.
#pragma once

#include <ATen/EmptyTensor.h>

#include <utility>

namespace at::detail {

template <class... Options>
TensorBase empty_cuda(IntArrayRef size, Options&&... options) {
  return empty_cpu(size, std::forward<Options>(options)...);
}
template <class... Options>
TensorBase empty_strided_cuda(IntArrayRef size, IntArrayRef stride, Options&&... options) {
  return empty_strided_cpu(size, stride, std::forward<Options>(options)...);
}

}  // namespace at::detail
