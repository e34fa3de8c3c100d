// Stands for torch's <c10/cuda/CUDAFunctions.h>: one device, number 0, always there.
#pragma once

#include <c10/core/Device.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAMacros.h>

#include <optional>

namespace c10::cuda {

inline DeviceIndex device_count() noexcept { return 1; }
inline DeviceIndex device_count_ensure_non_zero() { return 1; }
inline DeviceIndex current_device() { return 0; }
inline void set_device(DeviceIndex device, [[maybe_unused]] bool force = false) {
  kbk::torch_shim::require_simulated("set_device", device);
}
inline void device_synchronize() { C10_CUDA_CHECK(cudaDeviceSynchronize()); }
inline cudaError_t GetDeviceCount(int* count) { return cudaGetDeviceCount(count); }
inline cudaError_t GetDevice(DeviceIndex* device) { return *device = 0, cudaSuccess; }
inline cudaError_t SetDevice(DeviceIndex device, [[maybe_unused]] bool force = false) { return cudaSetDevice(device); }
inline cudaError_t MaybeSetDevice(DeviceIndex device) { return cudaSetDevice(device); }
inline DeviceIndex ExchangeDevice(DeviceIndex device) { return set_device(device), DeviceIndex{0}; }
inline DeviceIndex MaybeExchangeDevice(DeviceIndex device) { return set_device(device), DeviceIndex{0}; }
inline void SetTargetDevice() {}
inline bool hasPrimaryContext(DeviceIndex device) { return device == 0; }
inline std::optional<DeviceIndex> getDeviceIndexWithPrimaryContext() { return DeviceIndex{0}; }

inline void memcpy_and_sync(void* to, const void* from, int64_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  C10_CUDA_CHECK(cudaMemcpy(to, from, static_cast<std::size_t>(bytes), kind));
}
inline void stream_synchronize(cudaStream_t stream) { C10_CUDA_CHECK(cudaStreamSynchronize(stream)); }

}  // namespace c10::cuda
