// The part of the CUDA runtime API that host code of kernels uses. Device memory is host memory; every call is
// synchronous.
#pragma once

#include <cstddef>

#include "kbk_runtime.h"
#include "vector_types.h"

typedef struct CUstream_st* cudaStream_t;
typedef struct CUevent_st* cudaEvent_t;

enum cudaError {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidSymbol = 13,
  cudaErrorInvalidDeviceFunction = 98,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchOutOfResources = 701,
  cudaErrorLaunchTimeout = 702,
  cudaErrorLaunchFailure = 719,
  cudaErrorCooperativeLaunchTooLarge = 720,
  cudaErrorNotSupported = 801,
  cudaErrorUnknown = 999
};
typedef cudaError cudaError_t;

enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9
};
enum cudaSharedCarveout {
  cudaSharedmemCarveoutDefault = -1,
  cudaSharedmemCarveoutMaxL1 = 0,
  cudaSharedmemCarveoutMaxShared = 100
};
enum cudaFuncCache {
  cudaFuncCachePreferNone,
  cudaFuncCachePreferShared,
  cudaFuncCachePreferL1,
  cudaFuncCachePreferEqual
};
enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1,
  cudaDevAttrMaxBlockDimX = 2,
  cudaDevAttrMaxGridDimX = 5,
  cudaDevAttrMaxGridDimY = 6,
  cudaDevAttrMaxGridDimZ = 7,
  cudaDevAttrMaxSharedMemoryPerBlock = 8,
  cudaDevAttrWarpSize = 10,
  cudaDevAttrMaxRegistersPerBlock = 12,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrL2CacheSize = 38,
  cudaDevAttrMaxThreadsPerMultiProcessor = 39,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
  cudaDevAttrCooperativeLaunch = 95,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
  cudaDevAttrMaxBlocksPerMultiprocessor = 106
};

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerMultiprocessor, sharedMemPerBlockOptin;
  int regsPerBlock, warpSize, maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3];
  int major, minor, multiProcessorCount, l2CacheSize, maxThreadsPerMultiProcessor, maxBlocksPerMultiProcessor;
  int cooperativeLaunch, concurrentKernels, memoryBusWidth;
  std::size_t totalConstMem;
};

struct cudaFuncAttributes {
  std::size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, maxDynamicSharedSizeBytes;
};

enum cudaLaunchAttributeID {
  cudaLaunchAttributeCooperative = 2,
  cudaLaunchAttributeClusterDimension = 4,
  cudaLaunchAttributeProgrammaticStreamSerialization = 6
};
union cudaLaunchAttributeValue {
  int cooperative, programmaticStreamSerializationAllowed;
  struct { unsigned x, y, z; } clusterDim;
};
struct cudaLaunchAttribute {
  cudaLaunchAttributeID id;
  cudaLaunchAttributeValue val;
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  cudaLaunchAttribute* attrs = nullptr;
  unsigned numAttrs = 0;
};

enum {
  cudaStreamDefault = 0,
  cudaStreamNonBlocking = 1,
  cudaEventDefault = 0,
  cudaEventDisableTiming = 2,
  cudaHostAllocDefault = 0
};

namespace kbk {
KBK_API cudaError_t set_function_attribute(KernelInfo* info, cudaFuncAttribute attribute, int value);
KBK_API cudaError_t get_function_attributes(const KernelInfo* info, cudaFuncAttributes* attributes);
KBK_API cudaError_t occupancy(const KernelInfo* info, int* blocks, int threads, std::size_t dynamic_bytes);
}  // namespace kbk

// Symbols of their own: in a process with a CUDA build of torch, libcudart's cuda* stand in the global scope and would
// win over these.
#define KBK_NAMED(name) __asm__("kbk_sim_" #name)

extern "C" {
KBK_API cudaError_t cudaGetLastError() KBK_NAMED(cudaGetLastError);
KBK_API cudaError_t cudaPeekAtLastError() KBK_NAMED(cudaPeekAtLastError);
KBK_API const char* cudaGetErrorString(cudaError_t error) KBK_NAMED(cudaGetErrorString);
KBK_API const char* cudaGetErrorName(cudaError_t error) KBK_NAMED(cudaGetErrorName);
KBK_API cudaError_t cudaGetDevice(int* device) KBK_NAMED(cudaGetDevice);
KBK_API cudaError_t cudaSetDevice(int device) KBK_NAMED(cudaSetDevice);
KBK_API cudaError_t cudaGetDeviceCount(int* count) KBK_NAMED(cudaGetDeviceCount);
KBK_API cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) KBK_NAMED(cudaGetDeviceProperties);
KBK_API cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) KBK_NAMED(cudaDeviceGetAttribute);
KBK_API cudaError_t cudaDeviceSynchronize() KBK_NAMED(cudaDeviceSynchronize);
KBK_API cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) KBK_NAMED(cudaMemcpy);
KBK_API cudaError_t cudaMemset(void* to, int value, std::size_t bytes) KBK_NAMED(cudaMemset);
KBK_API cudaError_t cudaFree(void* address) KBK_NAMED(cudaFree);
KBK_API cudaError_t cudaStreamCreate(cudaStream_t* stream) KBK_NAMED(cudaStreamCreate);
KBK_API cudaError_t cudaEventCreate(cudaEvent_t* event) KBK_NAMED(cudaEventCreate);
KBK_API cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr) KBK_NAMED(cudaEventRecord);
KBK_API cudaError_t cudaEventDestroy(cudaEvent_t event) KBK_NAMED(cudaEventDestroy);
KBK_API cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) KBK_NAMED(cudaEventElapsedTime);
KBK_API cudaError_t kbk_malloc(void** address, std::size_t bytes);
}

template <class T>
cudaError_t cudaMalloc(T** address, std::size_t bytes) { return kbk_malloc(reinterpret_cast<void**>(address), bytes); }
template <class T>
cudaError_t cudaMallocAsync(T** address, std::size_t bytes, cudaStream_t) { return cudaMalloc(address, bytes); }
template <class T>
cudaError_t cudaMallocHost(T** address, std::size_t bytes, unsigned = 0) { return cudaMalloc(address, bytes); }
template <class T>
cudaError_t cudaMallocManaged(T** address, std::size_t bytes, unsigned = 1) { return cudaMalloc(address, bytes); }
inline cudaError_t cudaFreeAsync(void* address, cudaStream_t) { return cudaFree(address); }
inline cudaError_t cudaFreeHost(void* address) { return cudaFree(address); }
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                                   cudaStream_t = nullptr) {
  return cudaMemcpy(to, from, bytes, kind);
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t = nullptr) {
  return cudaMemset(to, value, bytes);
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) { return cudaStreamCreate(stream); }
inline cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned = 0) { return cudaSuccess; }
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }
inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaDeviceReset() { return cudaSuccess; }
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return *free = *total = static_cast<std::size_t>(kbk::profile().memory_bytes), cudaSuccess;
}
inline cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return *least = *greatest = 0, cudaSuccess;
}
inline cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  return cudaStreamCreate(stream);
}
inline cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }

// __constant__ and __device__ variables are ordinary variables.
template <class T>
cudaError_t cudaMemcpyToSymbol(T& symbol, const void* from, std::size_t bytes, std::size_t offset = 0,
                               cudaMemcpyKind kind = cudaMemcpyHostToDevice) {
  if (offset + bytes > sizeof(T))
    return kbk::set_error(cudaErrorInvalidValue, "cudaMemcpyToSymbol: more bytes than the symbol has"),
           cudaErrorInvalidValue;
  return cudaMemcpy(const_cast<char*>(reinterpret_cast<const volatile char*>(&symbol)) + offset, from, bytes, kind);
}
template <class T>
cudaError_t cudaMemcpyFromSymbol(void* to, const T& symbol, std::size_t bytes, std::size_t offset = 0,
                                 cudaMemcpyKind kind = cudaMemcpyDeviceToHost) {
  if (offset + bytes > sizeof(T))
    return kbk::set_error(cudaErrorInvalidValue, "cudaMemcpyFromSymbol: more bytes than the symbol has"),
           cudaErrorInvalidValue;
  return cudaMemcpy(to, reinterpret_cast<const char*>(&symbol) + offset, bytes, kind);
}
template <class T>
cudaError_t cudaMemcpyToSymbolAsync(T& symbol, const void* from, std::size_t bytes, std::size_t offset = 0,
                                    cudaMemcpyKind kind = cudaMemcpyHostToDevice, cudaStream_t = nullptr) {
  return cudaMemcpyToSymbol(symbol, from, bytes, offset, kind);
}
template <class T>
cudaError_t cudaGetSymbolAddress(void** address, const T& symbol) {
  return *address = const_cast<void*>(static_cast<const void*>(&symbol)), cudaSuccess;
}
template <class T>
cudaError_t cudaGetSymbolSize(std::size_t* bytes, const T&) { return *bytes = sizeof(T), cudaSuccess; }
