// e8m0, a bare power of two: the scale of a block in the MX formats. 2^(bits - 127); 0xff is NaN; the sign is dropped.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__FP8__MISC.html
#pragma once

#include "kbk_fp8_convert.h"

namespace kbk::num {

// Rounds toward zero, or up in magnitude for cudaRoundPosInf: the two modes the format has.
inline __nv_fp8_storage_t to_e8m0(float value, __nv_saturation_t saturate, cudaRoundMode mode) {
  const float x = fabsf(value);
  const __nv_fp8_storage_t overflow = saturate == __NV_SATFINITE ? 0xfe : 0xff;
  if (x != x) return 0xff;
  if (x > 0x1.fffffep127f) return overflow;
  const uint32_t bits = bits_as<uint32_t>(x);
  // Below 2^-126 a float is subnormal: 2^-127 is its top fraction bit, and code 0.
  if (bits < 0x00800000u) return mode == cudaRoundPosInf && bits > 0x00400000u ? 1 : 0;
  const uint32_t code = (bits >> 23) + (mode == cudaRoundPosInf && (bits & 0x7fffff) != 0 ? 1 : 0);
  return code > 0xfe ? overflow : static_cast<__nv_fp8_storage_t>(code);
}

}  // namespace kbk::num

inline __nv_fp8_storage_t __nv_cvt_float_to_e8m0(float x, __nv_saturation_t saturate, cudaRoundMode mode) {
  return kbk::num::to_e8m0(x, saturate, mode);
}
inline __nv_fp8_storage_t __nv_cvt_double_to_e8m0(double x, __nv_saturation_t saturate, cudaRoundMode mode) {
  return kbk::num::to_e8m0(kbk::num::odd_float(x), saturate, mode);
}
inline __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_e8m0(__nv_bfloat16_raw x, __nv_saturation_t saturate,
                                                       cudaRoundMode mode) {
  return kbk::num::to_e8m0(kbk::num::BFloat16Format::widen(x.x), saturate, mode);
}
inline __nv_fp8x2_storage_t __nv_cvt_float2_to_e8m0x2(float2 v, __nv_saturation_t saturate, cudaRoundMode mode) {
  return kbk::num::packed(__nv_cvt_float_to_e8m0(v.x, saturate, mode), __nv_cvt_float_to_e8m0(v.y, saturate, mode));
}
inline __nv_fp8x2_storage_t __nv_cvt_double2_to_e8m0x2(double2 v, __nv_saturation_t saturate, cudaRoundMode mode) {
  return kbk::num::packed(__nv_cvt_double_to_e8m0(v.x, saturate, mode), __nv_cvt_double_to_e8m0(v.y, saturate, mode));
}
inline __nv_fp8x2_storage_t __nv_cvt_bfloat162raw_to_e8m0x2(__nv_bfloat162_raw v, __nv_saturation_t saturate,
                                                            cudaRoundMode mode) {
  return kbk::num::packed(__nv_cvt_bfloat16raw_to_e8m0(__nv_bfloat16_raw{v.x}, saturate, mode),
                          __nv_cvt_bfloat16raw_to_e8m0(__nv_bfloat16_raw{v.y}, saturate, mode));
}
inline __nv_bfloat16_raw __nv_cvt_e8m0_to_bf16raw(__nv_fp8_storage_t x) {
  const unsigned short bits = x == 0xff ? kbk::num::kNan16 : x == 0 ? 0x0040 : static_cast<unsigned short>(x << 7);
  return __nv_bfloat16_raw{bits};
}
inline __nv_bfloat162_raw __nv_cvt_e8m0x2_to_bf162raw(__nv_fp8x2_storage_t v) {
  return __nv_bfloat162_raw{__nv_cvt_e8m0_to_bf16raw(static_cast<__nv_fp8_storage_t>(v & 0xff)).x,
                            __nv_cvt_e8m0_to_bf16raw(static_cast<__nv_fp8_storage_t>(v >> 8)).x};
}

struct alignas(1) __nv_fp8_e8m0 {
  __nv_fp8_storage_t __x;

  __nv_fp8_e8m0() = default;
  explicit __nv_fp8_e8m0(float x) : __x(__nv_cvt_float_to_e8m0(x, __NV_SATFINITE, cudaRoundPosInf)) {}
  explicit __nv_fp8_e8m0(double x) : __x(__nv_cvt_double_to_e8m0(x, __NV_SATFINITE, cudaRoundPosInf)) {}
  explicit __nv_fp8_e8m0(__half h) : __nv_fp8_e8m0(kbk::num::widened(h)) {}
  explicit __nv_fp8_e8m0(__nv_bfloat16 h) : __nv_fp8_e8m0(kbk::num::widened(h)) {}
  explicit operator __nv_bfloat16() const { return __nv_bfloat16(__nv_cvt_e8m0_to_bf16raw(__x)); }
  explicit operator __half() const { return __half(__half_raw{kbk::num::narrow<kbk::num::HalfFormat>(float(*this))}); }
  explicit operator float() const { return kbk::num::BFloat16Format::widen(__nv_cvt_e8m0_to_bf16raw(__x).x); }
  explicit operator double() const { return float(*this); }
};

struct alignas(2) __nv_fp8x2_e8m0 {
  __nv_fp8x2_storage_t __x;

  __nv_fp8x2_e8m0() = default;
  explicit __nv_fp8x2_e8m0(float2 v) : __x(__nv_cvt_float2_to_e8m0x2(v, __NV_SATFINITE, cudaRoundPosInf)) {}
  explicit __nv_fp8x2_e8m0(double2 v) : __x(__nv_cvt_double2_to_e8m0x2(v, __NV_SATFINITE, cudaRoundPosInf)) {}
  explicit __nv_fp8x2_e8m0(__nv_bfloat162 v)
      : __x(__nv_cvt_bfloat162raw_to_e8m0x2(v, __NV_SATFINITE, cudaRoundPosInf)) {}
  explicit operator __nv_bfloat162() const { return __nv_bfloat162(__nv_cvt_e8m0x2_to_bf162raw(__x)); }
};
