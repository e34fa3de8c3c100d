// Conversions between integers, floats and doubles in every rounding mode, and casts of their bits.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__CAST.html
#pragma once

#include "kbk_round.h"

inline int __float_as_int(float x) { return kbk::num::bits_as<int>(x); }
inline unsigned int __float_as_uint(float x) { return kbk::num::bits_as<unsigned int>(x); }
inline float __int_as_float(int x) { return kbk::num::bits_as<float>(x); }
inline float __uint_as_float(unsigned int x) { return kbk::num::bits_as<float>(x); }
inline long long __double_as_longlong(double x) { return kbk::num::bits_as<long long>(x); }
inline double __longlong_as_double(long long x) { return kbk::num::bits_as<double>(x); }
inline int __double2hiint(double x) { return static_cast<int>(kbk::num::bits_as<long long>(x) >> 32); }
inline int __double2loint(double x) { return static_cast<int>(kbk::num::bits_as<long long>(x)); }
inline double __hiloint2double(int hi, int lo) {
  return kbk::num::bits_as<double>((static_cast<uint64_t>(static_cast<unsigned int>(hi)) << 32) |
                                   static_cast<unsigned int>(lo));
}

#define KBK_TO_INTEGER_IN(name, suffix, mode, From, To, nan) \
  inline To name##_##suffix(From x) {                        \
    using namespace kbk::num;                                \
    return saturated<To>(integral(x, Round::mode), nan);     \
  }
#define KBK_TO_INTEGER(name, From, To, nan)             \
  KBK_TO_INTEGER_IN(name, rn, nearest, From, To, nan)   \
  KBK_TO_INTEGER_IN(name, rz, zero, From, To, nan)      \
  KBK_TO_INTEGER_IN(name, ru, up, From, To, nan)        \
  KBK_TO_INTEGER_IN(name, rd, down, From, To, nan)

// PTX cvt: NaN gives zero where the source is no double and the result has 32 bits, else only the top bit.
KBK_TO_INTEGER(__float2int, float, int, 0)
KBK_TO_INTEGER(__float2uint, float, unsigned int, 0u)
KBK_TO_INTEGER(__float2ll, float, long long, top_bit<long long>())
KBK_TO_INTEGER(__float2ull, float, unsigned long long, top_bit<unsigned long long>())
KBK_TO_INTEGER(__double2int, double, int, top_bit<int>())
KBK_TO_INTEGER(__double2uint, double, unsigned int, top_bit<unsigned int>())
KBK_TO_INTEGER(__double2ll, double, long long, top_bit<long long>())
KBK_TO_INTEGER(__double2ull, double, unsigned long long, top_bit<unsigned long long>())

#undef KBK_TO_INTEGER_IN
#undef KBK_TO_INTEGER

// Zero apart: clang converts an unsigned long long by a subtraction, which rounding down turns into -0.
#define KBK_TO_REAL_IN(name, suffix, mode, From, To)                                             \
  inline To name##_##suffix(From x) {                                                            \
    if (x == 0) return static_cast<To>(x);                                                 \
    return kbk::num::in_mode(mode, [](From pinned) { return static_cast<To>(pinned); }, x);      \
  }
#define KBK_TO_REAL(name, From, To)                                   \
  inline To name##_rn(From x) { return static_cast<To>(x); }          \
  KBK_TO_REAL_IN(name, rz, FE_TOWARDZERO, From, To)                   \
  KBK_TO_REAL_IN(name, ru, FE_UPWARD, From, To)                       \
  KBK_TO_REAL_IN(name, rd, FE_DOWNWARD, From, To)

KBK_TO_REAL(__int2float, int, float)
KBK_TO_REAL(__uint2float, unsigned int, float)
KBK_TO_REAL(__ll2float, long long, float)
KBK_TO_REAL(__ull2float, unsigned long long, float)
KBK_TO_REAL(__ll2double, long long, double)
KBK_TO_REAL(__ull2double, unsigned long long, double)
KBK_TO_REAL(__double2float, double, float)
inline double __int2double_rn(int x) { return x; }
inline double __uint2double_rn(unsigned int x) { return x; }

#undef KBK_TO_REAL_IN
#undef KBK_TO_REAL
