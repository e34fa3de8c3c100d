// Stands for torch's <c10/cuda/CUDACachingAllocator.h>: memory of the simulated device is memory of the host.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/cuda/CUDAStream.h>

#include <cstddef>

namespace c10::cuda::CUDACachingAllocator {

inline Allocator* get() { return c10::GetCPUAllocator(); }
inline void* raw_alloc(std::size_t bytes) { return bytes == 0 ? nullptr : c10::GetCPUAllocator()->raw_allocate(bytes); }
inline void* raw_alloc_with_stream(std::size_t bytes, cudaStream_t) { return raw_alloc(bytes); }
inline void raw_delete(void* address) {
  if (address != nullptr) c10::GetCPUAllocator()->raw_deallocate(address);
}
inline void emptyCache() {}
inline void recordStream(const DataPtr&, CUDAStream) {}

}  // namespace c10::cuda::CUDACachingAllocator
