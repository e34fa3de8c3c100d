// The bits of half and bfloat16: to float exactly, and from float, double or an integer with one rounding.
//
// Round to nearest is torch's header-only conversion, so a tensor made by torch and one made by a kernel agree. It
// differs from CUDA in one point: a NaN here becomes 0x7fff, as PTX says.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cvt
#pragma once

#include <cstdint>

#include "kbk_round.h"

// Of torch's Half.h and BFloat16.h, which cuda_fp16.h and cuda_bf16.h include at their ends: a CUDA build of torch includes CUDA's headers
// from those, and needs CUDA's types there.
namespace c10::detail {
inline float fp16_ieee_to_fp32_value(std::uint16_t bits);
inline std::uint16_t fp16_ieee_from_fp32_value(float value);
inline float f32_from_bits(std::uint16_t bits);
inline std::uint16_t round_to_nearest_even(float value);
}  // namespace c10::detail

namespace kbk::num {

using Bits16 = unsigned short;
constexpr Bits16 kNan16 = 0x7fff;

struct HalfFormat {
  static constexpr Bits16 infinity = 0x7c00;
  static float widen(Bits16 bits) { return c10::detail::fp16_ieee_to_fp32_value(bits); }
  static Bits16 nearest(float x) { return x != x ? kNan16 : c10::detail::fp16_ieee_from_fp32_value(x); }
};

struct BFloat16Format {
  static constexpr Bits16 infinity = 0x7f80;
  static float widen(Bits16 bits) { return c10::detail::f32_from_bits(bits); }
  static Bits16 nearest(float x) { return x != x ? kNan16 : c10::detail::round_to_nearest_even(x); }
};

// x, a float or a double, rounded once to the format.
template <class Format>
inline Bits16 narrow(float x) {
  return Format::nearest(x);
}
template <class Format>
inline Bits16 narrow(double x) {
  return Format::nearest(odd_float(x));
}

template <class Format>
inline Bits16 narrow(float x, Round mode) {
  const Bits16 bits = Format::nearest(x);
  const float back = Format::widen(bits);
  if (mode == Round::nearest || x != x || back == x) return bits;
  const bool grew = fabsf(back) > fabsf(x);
  const bool away = mode != Round::zero && (mode == Round::up) != (x < 0);
  return static_cast<Bits16>(grew && !away ? bits - 1 : !grew && away ? bits + 1 : bits);
}
template <class Format>
inline Bits16 narrow(double x, Round mode) {
  return narrow<Format>(odd_float(x), mode);
}

inline bool is_nan(float x) { return x != x; }

// The larger of two, where a NaN loses, or wins if `keep_nan`; -0 is below +0. As bits, so that a value passes whole.
template <class Format>
inline Bits16 extreme(Bits16 a, Bits16 b, bool want_greater, bool keep_nan) {
  const float x = Format::widen(a), y = Format::widen(b);
  if (is_nan(x) || is_nan(y)) return keep_nan || (is_nan(x) && is_nan(y)) ? kNan16 : is_nan(x) ? b : a;
  const bool a_less = x < y || (x == y && (a & 0x8000) != 0);
  return a_less == want_greater ? b : a;
}

}  // namespace kbk::num
