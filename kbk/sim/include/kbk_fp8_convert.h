// Conversions of the 8-bit floating-point formats e4m3 and e5m2, every one with a single rounding to nearest even.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__FP8__MISC.html
//
// In range this is torch's header-only conversion. What overflows is decided here: torch's answer for e4m3 differs
// between its versions.
#pragma once

#include <torch/headeronly/util/Float8_e4m3fn.h>
#include <torch/headeronly/util/Float8_e5m2.h>

#include "device_types.h"
#include "kbk_narrow_types.h"
#include "vector_functions.h"

typedef unsigned char __nv_fp8_storage_t;
typedef unsigned short int __nv_fp8x2_storage_t;
typedef unsigned int __nv_fp8x4_storage_t;

typedef enum __nv_saturation_t { __NV_NOSAT, __NV_SATFINITE } __nv_saturation_t;
typedef enum __nv_fp8_interpretation_t { __NV_E4M3, __NV_E5M2 } __nv_fp8_interpretation_t;

namespace kbk::num {

// |x| from which on a format overflows when it rounds to nearest, and what it then becomes.
struct Fp8Overflow {
  float past;       // beyond this, or at it if `tie_overflows`, the result is not finite
  bool tie_overflows;
  unsigned char infinity, largest;
};
constexpr Fp8Overflow kOverflowE4M3 = {464.0f, false, 0x7f, 0x7e};
constexpr Fp8Overflow kOverflowE5M2 = {61440.0f, true, 0x7c, 0x7b};

inline __nv_fp8_storage_t to_fp8(float x, __nv_saturation_t saturate, __nv_fp8_interpretation_t kind) {
  if (x != x) return 0x7f;
  const Fp8Overflow& limit = kind == __NV_E4M3 ? kOverflowE4M3 : kOverflowE5M2;
  const float magnitude = fabsf(x);
  if (magnitude > limit.past || (limit.tie_overflows && magnitude == limit.past)) {
    const unsigned char sign = x < 0 ? 0x80 : 0;
    return static_cast<__nv_fp8_storage_t>(sign | (saturate == __NV_SATFINITE ? limit.largest : limit.infinity));
  }
  return kind == __NV_E4M3 ? c10::detail::fp8e4m3fn_from_fp32_value(x) : c10::detail::fp8e5m2_from_fp32_value(x);
}
inline float from_fp8(__nv_fp8_storage_t x, __nv_fp8_interpretation_t kind) {
  return kind == __NV_E4M3 ? c10::detail::fp8e4m3fn_to_fp32_value(x) : c10::detail::fp8e5m2_to_fp32_value(x);
}
inline __nv_fp8x2_storage_t packed(__nv_fp8_storage_t low, __nv_fp8_storage_t high) {
  return static_cast<__nv_fp8x2_storage_t>(low | (high << 8));
}

}  // namespace kbk::num

inline __nv_fp8_storage_t __nv_cvt_float_to_fp8(float x, __nv_saturation_t saturate, __nv_fp8_interpretation_t kind) {
  return kbk::num::to_fp8(x, saturate, kind);
}
inline __nv_fp8_storage_t __nv_cvt_double_to_fp8(double x, __nv_saturation_t saturate, __nv_fp8_interpretation_t kind) {
  return kbk::num::to_fp8(kbk::num::odd_float(x), saturate, kind);
}
inline __nv_fp8_storage_t __nv_cvt_halfraw_to_fp8(__half_raw x, __nv_saturation_t saturate,
                                                  __nv_fp8_interpretation_t kind) {
  return kbk::num::to_fp8(kbk::num::HalfFormat::widen(x.x), saturate, kind);
}
inline __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_fp8(__nv_bfloat16_raw x, __nv_saturation_t saturate,
                                                      __nv_fp8_interpretation_t kind) {
  return kbk::num::to_fp8(kbk::num::BFloat16Format::widen(x.x), saturate, kind);
}
inline __half_raw __nv_cvt_fp8_to_halfraw(__nv_fp8_storage_t x, __nv_fp8_interpretation_t kind) {
  return __half_raw{kbk::num::HalfFormat::nearest(kbk::num::from_fp8(x, kind))};
}

// Pairs: x in the low byte.
#define KBK_PAIR(name, one, Pair, x_part, y_part)                                                                     \
  inline __nv_fp8x2_storage_t name(Pair v, __nv_saturation_t saturate, __nv_fp8_interpretation_t kind) {              \
    return kbk::num::packed(one(x_part, saturate, kind), one(y_part, saturate, kind));                                \
  }
KBK_PAIR(__nv_cvt_float2_to_fp8x2, __nv_cvt_float_to_fp8, float2, v.x, v.y)
KBK_PAIR(__nv_cvt_double2_to_fp8x2, __nv_cvt_double_to_fp8, double2, v.x, v.y)
KBK_PAIR(__nv_cvt_halfraw2_to_fp8x2, __nv_cvt_halfraw_to_fp8, __half2_raw, __half_raw{v.x}, __half_raw{v.y})
KBK_PAIR(__nv_cvt_bfloat16raw2_to_fp8x2, __nv_cvt_bfloat16raw_to_fp8, __nv_bfloat162_raw, __nv_bfloat16_raw{v.x},
         __nv_bfloat16_raw{v.y})
#undef KBK_PAIR

inline __half2_raw __nv_cvt_fp8x2_to_halfraw2(__nv_fp8x2_storage_t v, __nv_fp8_interpretation_t kind) {
  return __half2_raw{__nv_cvt_fp8_to_halfraw(static_cast<__nv_fp8_storage_t>(v & 0xff), kind).x,
                     __nv_cvt_fp8_to_halfraw(static_cast<__nv_fp8_storage_t>(v >> 8), kind).x};
}
