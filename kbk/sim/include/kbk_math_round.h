// Float and double arithmetic with the rounding mode in the name: __fadd_rz, __dmul_ru, __frcp_rn, ...
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__SINGLE.html
#pragma once

#include "kbk_round.h"

#define KBK_UNARY_IN(name, suffix, mode, T, expression)                              \
  inline T name##_##suffix(T x) {                                                    \
    return kbk::num::in_mode(mode, [](T a) -> T { return expression; }, x);          \
  }
#define KBK_UNARY(name, T, expression)                        \
  inline T name##_rn(T a) { return expression; }              \
  KBK_UNARY_IN(name, rz, FE_TOWARDZERO, T, expression)        \
  KBK_UNARY_IN(name, ru, FE_UPWARD, T, expression)            \
  KBK_UNARY_IN(name, rd, FE_DOWNWARD, T, expression)

#define KBK_BINARY_IN(name, suffix, mode, T, expression)                             \
  inline T name##_##suffix(T x, T y) {                                               \
    return kbk::num::in_mode(mode, [](T a, T b) -> T { return expression; }, x, y);  \
  }
#define KBK_BINARY(name, T, expression)                       \
  inline T name##_rn(T a, T b) { return expression; }         \
  KBK_BINARY_IN(name, rz, FE_TOWARDZERO, T, expression)       \
  KBK_BINARY_IN(name, ru, FE_UPWARD, T, expression)           \
  KBK_BINARY_IN(name, rd, FE_DOWNWARD, T, expression)

#define KBK_TERNARY_IN(name, suffix, mode, T, expression)                                     \
  inline T name##_##suffix(T x, T y, T z) {                                                   \
    return kbk::num::in_mode(mode, [](T a, T b, T c) -> T { return expression; }, x, y, z);   \
  }
#define KBK_TERNARY(name, T, expression)                      \
  inline T name##_rn(T a, T b, T c) { return expression; }    \
  KBK_TERNARY_IN(name, rz, FE_TOWARDZERO, T, expression)      \
  KBK_TERNARY_IN(name, ru, FE_UPWARD, T, expression)          \
  KBK_TERNARY_IN(name, rd, FE_DOWNWARD, T, expression)

KBK_BINARY(__fadd, float, a + b)
KBK_BINARY(__fsub, float, a - b)
KBK_BINARY(__fmul, float, a * b)
KBK_BINARY(__fdiv, float, a / b)
KBK_TERNARY(__fmaf, float, fmaf(a, b, c))
KBK_TERNARY(__fmaf_ieee, float, fmaf(a, b, c))
KBK_UNARY(__frcp, float, 1.0f / a)
KBK_UNARY(__fsqrt, float, sqrtf(a))
KBK_BINARY(__dadd, double, a + b)
KBK_BINARY(__dsub, double, a - b)
KBK_BINARY(__dmul, double, a * b)
KBK_BINARY(__ddiv, double, a / b)
KBK_TERNARY(__fma, double, ::fma(a, b, c))
KBK_UNARY(__drcp, double, 1.0 / a)
KBK_UNARY(__dsqrt, double, sqrt(a))

#undef KBK_UNARY_IN
#undef KBK_UNARY
#undef KBK_BINARY_IN
#undef KBK_BINARY
#undef KBK_TERNARY_IN
#undef KBK_TERNARY

// The double result is off by less than one of its units, too little to cross a boundary between floats (tested on
// every significand).
inline float __frsqrt_rn(float x) { return static_cast<float>(1.0 / sqrt(static_cast<double>(x))); }
