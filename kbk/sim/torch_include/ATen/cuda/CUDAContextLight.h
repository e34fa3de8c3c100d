// Stands for torch's <ATen/cuda/CUDAContextLight.h>: what there is to know of the simulated device (kbk.sim.settings(arch=...)).
#pragma once

#include <c10/core/Allocator.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>

#include <cstdint>

namespace at::cuda {

using namespace c10::cuda;

inline int64_t getNumGPUs() { return c10::cuda::device_count(); }
inline bool is_available() { return true; }
inline int warp_size() { return 32; }

// The profile of now: it may change between calls.
inline cudaDeviceProp* getDeviceProperties(c10::DeviceIndex device) {
  kbk::torch_shim::require_simulated("getDeviceProperties", device);
  static thread_local cudaDeviceProp properties;
  C10_CUDA_CHECK(cudaGetDeviceProperties(&properties, 0));
  return &properties;
}
inline cudaDeviceProp* getCurrentDeviceProperties() { return getDeviceProperties(0); }
inline bool canDeviceAccessPeer(c10::DeviceIndex, c10::DeviceIndex) { return false; }
inline c10::Allocator* getCUDADeviceAllocator() { return c10::cuda::CUDACachingAllocator::get(); }

}  // namespace at::cuda
