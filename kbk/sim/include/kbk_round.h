// Rounding in a chosen direction: the tools behind every _rn, _rz, _ru and _rd function.
//
// Float and double results in a direction come from the machine itself, with its rounding mode set around one
// operation. Narrower results go through "round to odd": cut the exact value and set the last bit if anything was
// lost. A value with at least two bits more than the target, rounded to odd, rounds to the target as the exact one.
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008.)
#pragma once

#include <cfenv>
#include <cstdint>
#include <math.h>

namespace kbk::num {

enum class Round { nearest, zero, up, down };

template <class To, class From>
inline To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From), "a cast of bits keeps the size");
  To to;
  __builtin_memcpy(&to, &from, sizeof(to));
  return to;
}

// Keeps the compiler from moving the use of a value across a change of the rounding mode.
inline void pin(float& value) {
#if defined(__x86_64__)
  asm volatile("" : "+x"(value) : : "memory");
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value) : : "memory");
#else
  asm volatile("" : "+m"(value) : : "memory");
#endif
}
inline void pin(double& value) {
#if defined(__x86_64__)
  asm volatile("" : "+x"(value) : : "memory");
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value) : : "memory");
#else
  asm volatile("" : "+m"(value) : : "memory");
#endif
}
template <class Integer>
inline void pin(Integer& value) {
  asm volatile("" : "+r"(value) : : "memory");
}

// op(values...) with the machine's rounding mode set to `mode` (FE_UPWARD, ...). Threads run in round to nearest.
template <class Op, class... Values>
inline auto in_mode(int mode, Op op, Values... values) {
  fesetround(mode);
  (pin(values), ...);
  auto result = op(values...);
  pin(result);
  fesetround(FE_TONEAREST);
  return result;
}

// The float next to or at `value`, rounded to odd.
inline float odd_float(double value) {
  const float nearest = static_cast<float>(value);
  if (nearest == value || value != value) return nearest;
  uint32_t bits = bits_as<uint32_t>(nearest);
  if (fabs(static_cast<double>(nearest)) > fabs(value)) bits -= 1;
  return bits_as<float>(bits | 1u);
}

// a + b rounded to odd. The sum must not overflow.
inline double odd_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  const double error = (a - (sum - b_part)) + (b - b_part);
  if (!(error < 0 || error > 0)) return sum;
  uint64_t bits = bits_as<uint64_t>(sum);
  if ((error < 0) != (sum < 0)) bits -= 1;
  return bits_as<double>(bits | 1u);
}

// An integer rounded to odd.
inline double odd_double(unsigned long long value) {
  if (value >> 53 == 0) return static_cast<double>(value);
  const unsigned long long cut = (value >> 11) | ((value & 0x7ff) != 0);
  return static_cast<double>(cut) * 2048.0;
}
inline double odd_double(long long value) {
  const unsigned long long bits = static_cast<unsigned long long>(value);
  return value < 0 ? -odd_double(0ull - bits) : odd_double(bits);
}
inline double odd_double(unsigned long value) { return odd_double(static_cast<unsigned long long>(value)); }
inline double odd_double(long value) { return odd_double(static_cast<long long>(value)); }
inline double odd_double(int value) { return value; }
inline double odd_double(unsigned int value) { return value; }
inline double odd_double(short value) { return value; }
inline double odd_double(unsigned short value) { return value; }

// x rounded to an integral value.
inline float integral(float x, Round mode) {
  return mode == Round::nearest ? rintf(x) : mode == Round::zero ? truncf(x) : mode == Round::up ? ceilf(x) : floorf(x);
}
inline double integral(double x, Round mode) {
  return mode == Round::nearest ? rint(x) : mode == Round::zero ? trunc(x) : mode == Round::up ? ceil(x) : floor(x);
}

// PTX cvt: what is out of range saturates; `nan` is what a NaN becomes.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cvt
template <class Integer, class Real>
inline Integer saturated(Real x, Integer nan) {
  constexpr bool is_signed = static_cast<Integer>(-1) < static_cast<Integer>(0);
  constexpr int digits = static_cast<int>(8 * sizeof(Integer)) - (is_signed ? 1 : 0);
  constexpr Integer lowest = is_signed ? static_cast<Integer>(1ull << digits % 64) : Integer(0);
  constexpr Integer highest = static_cast<Integer>(~lowest);
  constexpr Real end = static_cast<Real>(1ull << (digits - 1)) * 2;
  if (x != x) return nan;
  if (x >= end) return highest;
  if (x <= (is_signed ? -end : Real(0))) return lowest;
  return static_cast<Integer>(x);
}

// The result of a conversion of NaN to a type whose conversions do not give zero: only its top bit set.
template <class Integer>
constexpr Integer top_bit() {
  return static_cast<Integer>(1ull << (8 * sizeof(Integer) - 1));
}

}  // namespace kbk::num
