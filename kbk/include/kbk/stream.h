// current_stream(): the stream that torch uses on the current device; pass it as the fourth launch argument.
//
// The wrapper of a host function has already made the first CUDA tensor's device the current one.
#pragma once

#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>

#include <optional>
#include <stdexcept>
#include <string>

#include <kbk/check.h>

namespace kbk::detail {

#ifdef KBK_SIM

// The simulator has one device, so there is nothing to choose.
struct DeviceScope {
  explicit DeviceScope(int) {}
};

#else

inline void require(cudaError_t status, const char* what) {
  if (status != cudaSuccess) {
    throw std::runtime_error(std::string(kLaunchError) + what + " failed: " + cudaGetErrorString(status));
  }
}

inline int current_device() {
  int device = 0;
  require(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

// Makes `device` current while it lives; -1 means there is no CUDA tensor. torch's guard costs an allocation, so it
// is only made where the device differs.
struct DeviceScope {
  explicit DeviceScope(int device) {
    if (device >= 0 && device != current_device()) guard.emplace(device);
  }
  std::optional<torch::stable::accelerator::DeviceGuard> guard;
};

#endif

// Throws what the launches of `function` left behind in the CUDA runtime. The simulator also knows why.
inline void check_launches(const char* function) {
  const cudaError_t status = cudaPeekAtLastError();
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();
  std::string message = std::string("a launch of ") + function + "() failed";
#ifdef KBK_SIM
  if (*::kbk::last_error_detail()) message = ::kbk::last_error_detail();
#endif
  throw std::runtime_error(kLaunchError + message + " (" + cudaGetErrorString(status) + ")");
}

}  // namespace kbk::detail

#ifdef KBK_SIM

inline cudaStream_t current_stream() { return cudaStream_t{}; }

#elif defined(USE_CUDA)

inline cudaStream_t current_stream() {
  void* stream = nullptr;
  if (aoti_torch_get_current_cuda_stream(kbk::detail::current_device(), &stream) != 0) {
    throw std::runtime_error(std::string(kbk::detail::kLaunchError) + "torch has no current CUDA stream");
  }
  return static_cast<cudaStream_t>(stream);
}

#endif
