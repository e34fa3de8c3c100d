// Stands for torch's <ATen/cuda/DeviceUtils.cuh>: warp functions under names that other GPUs have too.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <c10/util/complex.h>

#include "cuda_runtime.h"
#include "kbk_warp.h"

namespace kbk {
template <>
struct is_shufflable<c10::Half> : std::true_type {};
template <>
struct is_shufflable<c10::BFloat16> : std::true_type {};
}  // namespace kbk

inline unsigned ACTIVE_MASK() { return __activemask(); }
inline void WARP_SYNC(unsigned mask = 0xffffffffu) { __syncwarp(mask); }
inline unsigned WARP_BALLOT(int predicate, unsigned mask = 0xffffffffu) { return __ballot_sync(mask, predicate); }

#define KBK_SHUFFLE(NAME, function, Argument)                                                       \
  template <class T>                                                                                \
  inline T NAME(T value, Argument argument, int width = 32, unsigned mask = 0xffffffffu) {          \
    return function(mask, value, argument, width);                                                  \
  }                                                                                                 \
  template <class T>                                                                                \
  inline c10::complex<T> NAME(c10::complex<T> value, Argument argument, int width = 32,             \
                              unsigned mask = 0xffffffffu) {                                        \
    const T real = function(mask, value.real(), argument, width);                                   \
    return c10::complex<T>(real, function(mask, value.imag(), argument, width));                    \
  }
KBK_SHUFFLE(WARP_SHFL, __shfl_sync, int)
KBK_SHUFFLE(WARP_SHFL_XOR, __shfl_xor_sync, int)
KBK_SHUFFLE(WARP_SHFL_UP, __shfl_up_sync, unsigned)
KBK_SHUFFLE(WARP_SHFL_DOWN, __shfl_down_sync, unsigned)
#undef KBK_SHUFFLE

template <class T>
inline T doLdg(const T* address) { return __ldg(address); }
