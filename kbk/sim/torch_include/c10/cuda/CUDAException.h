// Stands for torch's <c10/cuda/CUDAException.h>: a failed call of the CUDA runtime, or a failed launch, becomes kbk.LaunchError.
#pragma once

#include <c10/cuda/CUDAMacros.h>
#include <c10/util/Exception.h>

#include "kbk_torch_error.h"

#define C10_CUDA_CHECK(EXPR) ::kbk::torch_shim::require_success((EXPR), #EXPR, __FILE__, __LINE__)
#define C10_CUDA_CHECK_WARN(EXPR)                                                  \
  do {                                                                             \
    const cudaError_t kbk_status = (EXPR);                                         \
    if (kbk_status != cudaSuccess) {                                               \
      (void)cudaGetLastError();                                                    \
      TORCH_WARN("CUDA warning: ", cudaGetErrorString(kbk_status));                \
    }                                                                              \
  } while (0)
#define C10_CUDA_ERROR_HANDLED(EXPR) (EXPR)
#define C10_CUDA_IGNORE_ERROR(EXPR)                         \
  do {                                                      \
    if ((EXPR) != cudaSuccess) (void)cudaGetLastError();    \
  } while (0)
#define C10_CUDA_CLEAR_ERROR() (void)cudaGetLastError()
#define C10_CUDA_KERNEL_LAUNCH_CHECK() ::kbk::torch_shim::require_success(cudaPeekAtLastError(), "a launch", __FILE__, __LINE__)
// Launches of torch with assertions of the device: here every launch has them.
#define TORCH_DSA_KERNEL_ARGS
#define TORCH_DSA_KERNEL_ARGS_PASS

namespace c10 {

class CUDAError : public c10::Error {
  using Error::Error;
};

}  // namespace c10
