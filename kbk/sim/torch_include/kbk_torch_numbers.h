// torch's 16-bit and 8-bit numbers as a CUDA build of torch has them: c10::Half and c10::BFloat16 convert to and from CUDA's types.
//
// First of all that an extension source sees, before any header of torch: torch decides by __CUDACC__ whether those conversions exist.
#pragma once

#include <type_traits>

#include "kbk_host_defines.h"

#if !defined(__CUDACC__)
#define __CUDACC__ 1
#define KBK_CUDACC_HERE 1
#endif
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Float8_e4m3fn.h>
#include <torch/headeronly/util/Float8_e5m2.h>
#include <torch/headeronly/util/Half.h>
#if defined(KBK_CUDACC_HERE)
#undef __CUDACC__
#undef KBK_CUDACC_HERE
#endif

// c10::Half converts to float and to __half, and both can be compared. torch builds its extensions without __half's operators, other
// projects with them: here both sorts of source find what they compare.
// Templates, so that nothing is converted to be compared by them.
#define KBK_COMPARE(op)                                                    \
  template <class T, std::enable_if_t<std::is_same_v<T, Half>, int> = 0>   \
  inline bool operator op(const T& a, const T& b) {                        \
    return static_cast<float>(a) op static_cast<float>(b);                 \
  }
namespace c10 {
KBK_COMPARE(==)
KBK_COMPARE(!=)
KBK_COMPARE(<)
KBK_COMPARE(<=)
KBK_COMPARE(>)
KBK_COMPARE(>=)
}  // namespace c10
#undef KBK_COMPARE
