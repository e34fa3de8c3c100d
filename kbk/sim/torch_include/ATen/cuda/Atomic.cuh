// Stands for torch's <ATen/cuda/Atomic.cuh>: gpuAtomicAdd, Mul, Max and Min on torch's types, and atomicAdd on those that CUDA lacks.
// Each is one atomic access of its type's width. A NaN wins in Max and Min, as in torch.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <c10/util/complex.h>

#include <cstdint>
#include <type_traits>

#include "kbk_atomic.h"

namespace kbk::torch_shim {

template <unsigned kBytes>
using AtomicWord = std::conditional_t<
    kBytes == 1, std::uint8_t,
    std::conditional_t<kBytes == 2, std::uint16_t, std::conditional_t<kBytes == 4, std::uint32_t, std::uint64_t>>>;

template <class T, class Change>
T change(T* address, Change how) {
  return kbk::atomic_change<AtomicWord<sizeof(T)>>(address, how);
}
template <class T>
bool is_nan(T value) {
  return value != value;
}

}  // namespace kbk::torch_shim

#define KBK_CHANGE(NAME, T, expression)                                                             \
  inline T gpuAtomic##NAME(T* address, T value) {                                                   \
    return kbk::torch_shim::change(address, [value](T old) { return static_cast<T>(expression); }); \
  }
#define KBK_NOT_ADD(T)                                                                              \
  KBK_CHANGE(Mul, T, old * value)                                                                   \
  KBK_CHANGE(Max, T, kbk::torch_shim::is_nan(old) || old > value ? old : value)                     \
  KBK_CHANGE(Min, T, kbk::torch_shim::is_nan(old) || old < value ? old : value)
#define KBK_NO_RETURN(T) \
  inline void gpuAtomicAddNoReturn(T* address, T value) { (void)gpuAtomicAdd(address, value); }

// CUDA has its own.
#define KBK_CUDAS(T)                                                              \
  inline T gpuAtomicAdd(T* address, T value) { return atomicAdd(address, value); } \
  KBK_NOT_ADD(T)                                                                  \
  KBK_NO_RETURN(T)
KBK_CUDAS(std::int32_t)
KBK_CUDAS(float)
KBK_CUDAS(double)

#define KBK_TORCHS(T)                                                             \
  KBK_CHANGE(Add, T, old + value)                                                 \
  KBK_NOT_ADD(T)                                                                  \
  KBK_NO_RETURN(T)                                                                \
  inline T atomicAdd(T* address, T value) { return gpuAtomicAdd(address, value); }
KBK_TORCHS(std::uint8_t)
KBK_TORCHS(std::int8_t)
KBK_TORCHS(std::int16_t)
KBK_TORCHS(std::int64_t)
KBK_TORCHS(c10::Half)
KBK_TORCHS(c10::BFloat16)

KBK_CHANGE(Add, bool, old || value)
KBK_NO_RETURN(bool)
inline bool atomicAdd(bool* address, bool value) { return gpuAtomicAdd(address, value); }

template <class T>
inline void gpuAtomicAdd(c10::complex<T>* address, c10::complex<T> value) {
  gpuAtomicAdd(&address->real_, value.real_);
  gpuAtomicAdd(&address->imag_, value.imag_);
}
template <class T>
inline void gpuAtomicAddNoReturn(c10::complex<T>* address, c10::complex<T> value) { gpuAtomicAdd(address, value); }

#undef KBK_CHANGE
#undef KBK_NOT_ADD
#undef KBK_NO_RETURN
#undef KBK_CUDAS
#undef KBK_TORCHS
