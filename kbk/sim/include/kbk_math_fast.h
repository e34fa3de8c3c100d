// The fast, approximate intrinsics. Here they are as good as the C library; where the documentation defines one by a
// formula, or promises a value outside its range, that is kept.
// https://docs.nvidia.com/cuda/cuda-c-programming-guide/#intrinsic-functions
#pragma once

#include "kbk_math_special.h"

// glibc's <math.h> declares several of these names with C linkage, so all have it.
extern "C" {
inline float __expf(float x) noexcept { return expf(x); }
inline float __exp10f(float x) noexcept { return exp10f(x); }
inline float __logf(float x) noexcept { return logf(x); }
inline float __log2f(float x) noexcept { return log2f(x); }
inline float __log10f(float x) noexcept { return log10f(x); }
inline float __sinf(float x) noexcept { return sinf(x); }
inline float __cosf(float x) noexcept { return cosf(x); }
inline float __tanhf(float x) noexcept { return tanhf(x); }
inline void __sincosf(float x, float* sine, float* cosine) noexcept { sincosf(x, sine, cosine); }
// exp2(y * log2(x)): NaN for every negative x, and an error that grows with y.
inline float __powf(float x, float y) noexcept { return exp2f(y * log2f(x)); }
}

// x / y, but 0 for a finite x and NaN for an infinite one where |y| is above 2^126: the reciprocal flushes to zero.
inline float __fdividef(float x, float y) noexcept {
  KBK_COUNT_SPECIAL(kbk::kDivision);
  const float magnitude = fabsf(y);
  if (magnitude > 0x1p126f && magnitude < HUGE_VALF) return x * copysignf(0.0f, y);
  return x / y;
}
inline float fdividef(float x, float y) noexcept {
  KBK_COUNT_SPECIAL(kbk::kDivision);
  return x / y;
}
inline double fdivide(double x, double y) noexcept { return x / y; }
extern "C" inline float __tanf(float x) noexcept { return __fdividef(__sinf(x), __cosf(x)); }

// x clamped to [0, 1]; NaN gives 0.
inline float __saturatef(float x) noexcept { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
