// The CUDA runtime API of the simulated device.
#include "../include/cuda_runtime_api.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "guarded.h"
#include "state.h"
#include "tools/findings.h"
#include "tools/regions.h"
#include "trace.h"

struct CUevent_st {
  double at;
};

namespace kbk {

cudaError_t set_function_attribute(KernelInfo* info, cudaFuncAttribute attribute, int value) {
  auto refuse = [](const std::string& why) {
    set_error(cudaErrorInvalidValue, why.c_str());
    return cudaErrorInvalidValue;
  };
  if (info == nullptr) return refuse("cudaFuncSetAttribute: the function is no __global__ function of this source");
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || value > profile().shared_per_block_optin)
    return refuse("cudaFuncSetAttribute: " + std::to_string(value) + " bytes of dynamic shared memory; " +
                  profile().name + " allows at most " + std::to_string(profile().shared_per_block_optin));
  info->dynamic_limit = value;
  return cudaSuccess;
}

cudaError_t get_function_attributes(const KernelInfo* info, cudaFuncAttributes* attributes) {
  if (info == nullptr) return cudaErrorInvalidDeviceFunction;
  *attributes = {};
  attributes->maxThreadsPerBlock = info->max_threads > 0 ? info->max_threads : 1024;
  attributes->maxDynamicSharedSizeBytes = std::max(info->dynamic_limit, profile().shared_per_block);
  attributes->binaryVersion = attributes->ptxVersion = profile().arch;
  attributes->numRegs = 32;
  return cudaSuccess;
}

// By threads and shared memory alone: the simulator has no registers.
cudaError_t occupancy(const KernelInfo* info, int* blocks, int threads, std::size_t dynamic_bytes) {
  const Profile& p = profile();
  *blocks = 0;
  if (info == nullptr) return cudaErrorInvalidDeviceFunction;
  if (threads < 1 || threads > 1024) return cudaErrorInvalidValue;
  const int rounded = (threads + 31) / 32 * 32;
  *blocks = std::min(p.blocks_per_sm, p.threads_per_sm / rounded);
  constexpr int kReservedPerBlock = 1024;
  const auto bytes = static_cast<int>(dynamic_bytes) + (p.arch >= 80 ? kReservedPerBlock : 0);
  if (bytes > 0) *blocks = std::min(*blocks, p.shared_per_sm / bytes);
  return cudaSuccess;
}

}  // namespace kbk

extern "C" {

cudaError_t cudaGetLastError() { return static_cast<cudaError_t>(kbk::last_error(true)); }
cudaError_t cudaPeekAtLastError() { return static_cast<cudaError_t>(kbk::last_error(false)); }

#define KBK_ERRORS(X)                                                                      \
  X(cudaSuccess, "no error")                                                               \
  X(cudaErrorInvalidValue, "invalid argument")                                             \
  X(cudaErrorMemoryAllocation, "out of memory")                                            \
  X(cudaErrorInvalidConfiguration, "invalid configuration argument")                       \
  X(cudaErrorInvalidSymbol, "invalid device symbol")                                       \
  X(cudaErrorInvalidDeviceFunction, "invalid device function")                             \
  X(cudaErrorNoDevice, "no CUDA-capable device is detected")                               \
  X(cudaErrorInvalidDevice, "invalid device ordinal")                                      \
  X(cudaErrorNotReady, "device not ready")                                                 \
  X(cudaErrorIllegalAddress, "an illegal memory access was encountered")                   \
  X(cudaErrorLaunchOutOfResources, "too many resources requested for launch")              \
  X(cudaErrorLaunchTimeout, "the launch timed out and was terminated")                     \
  X(cudaErrorLaunchFailure, "unspecified launch failure")                                  \
  X(cudaErrorCooperativeLaunchTooLarge, "too many blocks in cooperative launch")           \
  X(cudaErrorNotSupported, "operation not supported")                                      \
  X(cudaErrorUnknown, "unknown error")

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define KBK_CASE(code, text) case code: return text;
    KBK_ERRORS(KBK_CASE)
#undef KBK_CASE
  }
  return "unrecognized error code";
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define KBK_CASE(code, text) case code: return #code;
    KBK_ERRORS(KBK_CASE)
#undef KBK_CASE
  }
  return "unrecognized error code";
}

cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
// -1 is what torch calls the device of a CPU tensor, which is on the simulated one.
cudaError_t cudaSetDevice(int device) { return device == 0 || device == -1 ? cudaSuccess : cudaErrorInvalidDevice; }
cudaError_t cudaGetDeviceCount(int* count) { return *count = 1, cudaSuccess; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  const kbk::Profile& p = kbk::profile();
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "%s", p.name);
  properties->totalGlobalMem = static_cast<std::size_t>(p.memory_bytes);
  properties->sharedMemPerBlock = static_cast<std::size_t>(p.shared_per_block);
  properties->sharedMemPerMultiprocessor = static_cast<std::size_t>(p.shared_per_sm);
  properties->sharedMemPerBlockOptin = static_cast<std::size_t>(p.shared_per_block_optin);
  properties->regsPerBlock = 65536;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  const int block[3] = {1024, 1024, 64}, grid[3] = {2147483647, 65535, 65535};
  std::memcpy(properties->maxThreadsDim, block, sizeof block);
  std::memcpy(properties->maxGridSize, grid, sizeof grid);
  properties->major = p.arch / 10;
  properties->minor = p.arch % 10;
  properties->multiProcessorCount = p.sms;
  properties->l2CacheSize = p.l2_bytes;
  properties->maxThreadsPerMultiProcessor = p.threads_per_sm;
  properties->maxBlocksPerMultiProcessor = p.blocks_per_sm;
  properties->cooperativeLaunch = properties->concurrentKernels = 1;
  properties->totalConstMem = 65536;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device != 0) return cudaErrorInvalidDevice;
  const kbk::Profile& p = kbk::profile();
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: case cudaDevAttrMaxBlockDimX: *value = 1024; break;
    case cudaDevAttrMaxGridDimX: *value = 2147483647; break;
    case cudaDevAttrMaxGridDimY: case cudaDevAttrMaxGridDimZ: *value = 65535; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = p.shared_per_block; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    case cudaDevAttrMaxRegistersPerBlock: *value = 65536; break;
    case cudaDevAttrMultiProcessorCount: *value = p.sms; break;
    case cudaDevAttrL2CacheSize: *value = p.l2_bytes; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = p.threads_per_sm; break;
    case cudaDevAttrComputeCapabilityMajor: *value = p.arch / 10; break;
    case cudaDevAttrComputeCapabilityMinor: *value = p.arch % 10; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = p.shared_per_sm; break;
    case cudaDevAttrCooperativeLaunch: *value = 1; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = p.shared_per_block_optin; break;
    case cudaDevAttrMaxBlocksPerMultiprocessor: *value = p.blocks_per_sm; break;
    default: return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() { return cudaPeekAtLastError(); }

// Copies and fills asked of the runtime by this process, for those who count.
static std::atomic<unsigned long> copies_asked{0};
KBK_API unsigned long kbk_sim_copies() { return copies_asked; }

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  ++copies_asked;
  const kbk::FenceDown down;
  if (bytes > 0 && (to == nullptr || from == nullptr))
    return kbk::set_error(cudaErrorInvalidValue, "cudaMemcpy: a null pointer"), cudaErrorInvalidValue;
  if (bytes > 0) std::memmove(to, from, bytes);
  if (kbk::checking) kbk::host_wrote(to, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  ++copies_asked;
  const kbk::FenceDown down;
  if (bytes > 0 && to == nullptr)
    return kbk::set_error(cudaErrorInvalidValue, "cudaMemset: a null pointer"), cudaErrorInvalidValue;
  if (bytes > 0) std::memset(to, value, bytes);
  if (kbk::checking) kbk::host_wrote(to, bytes);
  return cudaSuccess;
}

cudaError_t kbk_malloc(void** address, std::size_t bytes) {
  *address = nullptr;
  if (bytes == 0) return cudaSuccess;
  *address = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (*address == nullptr) return kbk::set_error(cudaErrorMemoryAllocation, "cudaMalloc"), cudaErrorMemoryAllocation;
  std::memset(*address, 0xff, std::min<std::size_t>(bytes, 1u << 20));  // poison: nobody wrote it yet
  if (kbk::checking) kbk::malloc_region(*address, bytes);
  return cudaSuccess;
}

cudaError_t cudaFree(void* address) {
  kbk::free_region(address);
  std::free(address);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return *stream = nullptr, cudaSuccess; }
cudaError_t cudaEventCreate(cudaEvent_t* event) { return *event = new CUevent_st{0}, cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) { return event->at = kbk::seconds(), cudaSuccess; }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  *milliseconds = static_cast<float>((stop->at - start->at) * 1e3);
  return cudaSuccess;
}
}
