// How torch's CUDA headers fail here: with the words by which Python picks kbk.ArgumentError or kbk.LaunchError (kbk/build/calls.py).
#pragma once

#include <c10/core/Device.h>

#include <stdexcept>
#include <string>

#include "cuda_runtime.h"

namespace kbk::torch_shim {

// Throws unless `device` is the simulated one: a CPU device, or no index, or index 0.
inline void require_simulated(const char* what, const c10::Device& device) {
  if (device.type() == c10::DeviceType::CPU && (!device.has_index() || device.index() == 0)) return;
  throw std::runtime_error(std::string("kbk.ArgumentError: ") + what +
                           ": the device must be that of CPU tensors, the simulated one, but is " + device.str());
}
inline void require_simulated(const char* what, c10::DeviceIndex index) {
  if (index == 0 || index == -1) return;
  throw std::runtime_error(std::string("kbk.ArgumentError: ") + what +
                           ": the device index must be 0, the simulated device, but is " + std::to_string(int{index}));
}

// Throws if `status` is an error. What the simulator knows of it comes first: "launch of k at file:line: ...".
inline void require_success(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  std::string message = call;
  if (cudaPeekAtLastError() == status && *::kbk::last_error_detail()) message = ::kbk::last_error_detail();
  (void)cudaGetLastError();
  throw std::runtime_error("kbk.LaunchError: " + message + " (" + cudaGetErrorString(status) + "), found at " + file + ":" +
                           std::to_string(line));
}

}  // namespace kbk::torch_shim
