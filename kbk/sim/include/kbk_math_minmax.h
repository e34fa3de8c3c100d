// min, max and abs over CUDA's mixes of types, and fmin/fmax with the machine's rule: a NaN loses, -0 is below +0.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#floating-point-instructions-max
#pragma once

#include <math.h>
#include <stdlib.h>

namespace kbk::num {

template <class Real>
inline Real lesser(Real a, Real b) {
  if (a != a) return b;
  if (b != b) return a;
  if (a == b) return __builtin_signbit(a) ? a : b;
  return a < b ? a : b;
}
template <class Real>
inline Real greater(Real a, Real b) {
  if (a != a) return b;
  if (b != b) return a;
  if (a == b) return __builtin_signbit(a) ? b : a;
  return a < b ? b : a;
}

}  // namespace kbk::num

// The C library leaves the order of zeros open and costs a call. gnu_inline: these bodies are inlined, a pointer to the
// function is the C library's.
extern "C" {
#define KBK_OVER_LIBM extern inline __attribute__((gnu_inline, always_inline))
KBK_OVER_LIBM float fminf(float a, float b) noexcept { return kbk::num::lesser(a, b); }
KBK_OVER_LIBM float fmaxf(float a, float b) noexcept { return kbk::num::greater(a, b); }
KBK_OVER_LIBM double fmin(double a, double b) noexcept { return kbk::num::lesser(a, b); }
KBK_OVER_LIBM double fmax(double a, double b) noexcept { return kbk::num::greater(a, b); }
#undef KBK_OVER_LIBM
}

#define KBK_MIN_MAX(A, B, Result)                                          \
  inline Result min(A a, B b) {                                            \
    const Result x = static_cast<Result>(a), y = static_cast<Result>(b);   \
    return x < y ? x : y;                                                  \
  }                                                                        \
  inline Result max(A a, B b) {                                            \
    const Result x = static_cast<Result>(a), y = static_cast<Result>(b);   \
    return x < y ? y : x;                                                  \
  }
#define KBK_MIN_MAX_INTEGER(T)                        \
  KBK_MIN_MAX(T, T, T)                                \
  KBK_MIN_MAX(unsigned T, unsigned T, unsigned T)     \
  KBK_MIN_MAX(T, unsigned T, unsigned T)              \
  KBK_MIN_MAX(unsigned T, T, unsigned T)

KBK_MIN_MAX_INTEGER(int)
KBK_MIN_MAX_INTEGER(long)
KBK_MIN_MAX_INTEGER(long long)

#undef KBK_MIN_MAX
#undef KBK_MIN_MAX_INTEGER

inline float min(float a, float b) { return kbk::num::lesser(a, b); }
inline float max(float a, float b) { return kbk::num::greater(a, b); }
inline double min(double a, double b) { return kbk::num::lesser(a, b); }
inline double max(double a, double b) { return kbk::num::greater(a, b); }
inline double min(float a, double b) { return kbk::num::lesser<double>(a, b); }
inline double max(float a, double b) { return kbk::num::greater<double>(a, b); }
inline double min(double a, float b) { return kbk::num::lesser<double>(a, b); }
inline double max(double a, float b) { return kbk::num::greater<double>(a, b); }

inline unsigned int umin(unsigned int a, unsigned int b) { return min(a, b); }
inline unsigned int umax(unsigned int a, unsigned int b) { return max(a, b); }
inline long long llmin(long long a, long long b) { return min(a, b); }
inline long long llmax(long long a, long long b) { return max(a, b); }
inline unsigned long long ullmin(unsigned long long a, unsigned long long b) { return min(a, b); }
inline unsigned long long ullmax(unsigned long long a, unsigned long long b) { return max(a, b); }
