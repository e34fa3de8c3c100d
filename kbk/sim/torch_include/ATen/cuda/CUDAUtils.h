// Stands for torch's <ATen/cuda/CUDAUtils.h>.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAContext.h>

namespace at::cuda {

// Whether all tensors are on one device.
inline bool check_device(ArrayRef<Tensor> tensors) {
  for (const Tensor& tensor : tensors)
    if (tensor.device() != tensors.front().device()) return false;
  return true;
}

}  // namespace at::cuda
