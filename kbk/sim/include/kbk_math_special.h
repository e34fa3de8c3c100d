// Functions CUDA has beyond the C library: inverses of erf, the normal distribution, multiples of pi, norms, Bessel I.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__DOUBLE.html
//
// Each is computed in double; the float form rounds that.
#pragma once

#include "kbk_counted.h"
#include "kbk_round.h"

namespace kbk::num {

constexpr double kPi = 3.14159265358979323846;
constexpr double kSqrtPi = 1.77245385090551602730;
constexpr double kSqrtHalf = 0.70710678118654752440;

inline double sin_of_pi(double x) {
  if (isinf(x)) return NAN;
  if (x == trunc(x)) return copysign(0.0, x);
  double turn = remainder(x, 2.0);
  if (fabs(turn) > 0.5) turn = copysign(1.0, turn) - turn;
  return fabs(turn) > 0.25 ? copysign(cos(kPi * (0.5 - fabs(turn))), turn) : sin(kPi * turn);
}
inline double cos_of_pi(double x) {
  const double turn = fabs(remainder(x, 2.0));
  if (turn == 0.5) return 0.0;
  if (turn < 0.25) return cos(kPi * turn);
  return turn <= 0.75 ? sin(kPi * (0.5 - turn)) : -cos(kPi * (1.0 - turn));
}

// 0.5 * erfc(-x / sqrt(2)). The tail amplifies the error of the quotient by x * x, so that error is put back.
inline double normal_cdf(double x) {
  constexpr double kSqrtHalfRest = -4.833646656726457e-17;  // sqrt(1/2) - kSqrtHalf
  const double t = -x * kSqrtHalf;
  const double rest = ::fma(-x, kSqrtHalf, -t) - x * kSqrtHalfRest;
  const double slope = isinf(x) ? 0.0 : 2 / kSqrtPi * exp(-t * t) * rest;
  return 0.5 * (erfc(t) - slope);
}

// The y with erfc(y) = p, 0 < p <= 1, by Halley steps from the two ends' asymptotic forms.
inline double erfc_inverse_upper(double p) {
  double y = (1 - p) * kSqrtPi / 2;
  if (p < 0.5) {
    const double s = -log(p * kSqrtPi);
    y = sqrt(s - 0.5 * log(s > 0.5 ? s : 0.5));
  }
  for (int step = 0; step < 8; ++step) {
    // error / derivative, both scaled by exp(y * y) through their ratio so that the tail does not underflow.
    const double error = p < 0.5 ? erfc(y) - p : (1 - p) - erf(y);
    const double newton = error * exp(y * y) * (kSqrtPi / 2);
    const double moved = newton / (1 + y * newton);
    y += moved;
    if (fabs(moved) <= 1e-16 * y) break;
  }
  return y;
}

inline double erf_inverse(double x) {
  if (x == 0 || x != x) return x;
  if (fabs(x) >= 1) return fabs(x) == 1 ? copysign(HUGE_VAL, x) : NAN;
  if (fabs(x) < 1e-8) return x * (kSqrtPi / 2);
  double y = erfc_inverse_upper(1 - fabs(x));
  if (fabs(x) <= 0.5) {
    for (int step = 0; step < 2; ++step) y -= (erf(y) - fabs(x)) * exp(y * y) * (kSqrtPi / 2);
  }
  return copysign(y, x);
}
inline double erfc_inverse(double x) {
  if (!(x >= 0 && x <= 2)) return NAN;
  if (x == 0 || x == 2) return x == 0 ? HUGE_VAL : -HUGE_VAL;
  return x > 0.5 && x < 1.5 ? erf_inverse(1 - x) : x < 1 ? erfc_inverse_upper(x) : -erfc_inverse_upper(2 - x);
}
// exp(x * x) * erfc(x); for large x by its continued fraction.
inline double erfc_scaled(double x) {
  if (x < 10) {
    const double square = x * x;
    const double rest = ::fma(x, x, -square);
    return exp(square) * (erfc(x) * (1 + rest));
  }
  if (x > 1e8) return 1 / (x * kSqrtPi);
  double fraction = x;
  for (int k = 24; k >= 1; --k) fraction = x + 0.5 * k / fraction;
  return 1 / (fraction * kSqrtPi);
}

// I_n(x), n = 0 or 1, by its power series: all terms have one sign, so nothing cancels.
inline double bessel_i(int n, double x) {
  if (x != x || fabs(x) > 720) return x != x ? x : n == 0 || x > 0 ? HUGE_VAL : -HUGE_VAL;
  const double quarter = x * x / 4;
  double term = n == 0 ? 1 : x / 2;
  double sum = term;
  for (int k = 1; fabs(term) > fabs(sum) * 1e-17; ++k) {
    term *= quarter / (static_cast<double>(k) * (k + n));
    sum += term;
  }
  return sum;
}

// sqrt of a sum of squares, scaled so that it neither overflows nor vanishes.
inline double norm_of(int count, const double* v) {
  double largest = 0;
  for (int i = 0; i < count; ++i) {
    if (isinf(v[i])) return HUGE_VAL;
    if (!(fabs(v[i]) <= largest)) largest = fabs(v[i]);
  }
  if (largest == 0 || largest != largest) return largest;
  int exponent;
  frexp(largest, &exponent);
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const double scaled = ldexp(v[i], -exponent);
    sum += scaled * scaled;
  }
  return ldexp(sqrt(sum), exponent);
}
inline double norm_of(int count, const float* v) {
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    if (isinf(v[i])) return HUGE_VAL;
    sum += static_cast<double>(v[i]) * v[i];
  }
  return sqrt(sum);
}

}  // namespace kbk::num

// A double function, its float form, and the C++ overload for float. `inline` without `static`: newer C libraries
// declare some of these names too.
#define KBK_UNARY(name, expression)                                             \
  inline double name(double x) noexcept { return expression; }                  \
  inline float name##f(float value) noexcept {                                  \
    const double x = value;                                                     \
    return static_cast<float>(expression);                                      \
  }                                                                             \
  inline float name(float x) noexcept { return name##f(x); }

KBK_UNARY(rcbrt, 1.0 / cbrt(x))
KBK_UNARY(sinpi, kbk::num::sin_of_pi(x))
KBK_UNARY(cospi, kbk::num::cos_of_pi(x))
KBK_UNARY(erfinv, kbk::num::erf_inverse(x))
KBK_UNARY(erfcinv, kbk::num::erfc_inverse(x))
KBK_UNARY(erfcx, kbk::num::erfc_scaled(x))
KBK_UNARY(normcdf, kbk::num::normal_cdf(x))
KBK_UNARY(normcdfinv, -kbk::num::erfc_inverse(2.0 * x) / kbk::num::kSqrtHalf)
KBK_UNARY(cyl_bessel_i0, kbk::num::bessel_i(0, x))
KBK_UNARY(cyl_bessel_i1, kbk::num::bessel_i(1, x))
#undef KBK_UNARY

// rsqrtf is not computed in double: kernels call it for every row, and two units of error are documented.
inline double rsqrt(double x) noexcept {
  KBK_COUNT_SPECIAL(kbk::kRsqrt);
  return 1.0 / sqrt(x);
}
inline float rsqrtf(float x) noexcept {
  KBK_COUNT_SPECIAL(kbk::kRsqrt);
  return 1.0f / sqrtf(x);
}
inline float rsqrt(float x) noexcept { return rsqrtf(x); }

inline void sincospi(double x, double* sine, double* cosine) noexcept {
  *sine = sinpi(x);
  *cosine = cospi(x);
}
inline void sincospif(float x, float* sine, float* cosine) noexcept {
  *sine = sinpif(x);
  *cosine = cospif(x);
}
inline void sincospi(float x, float* sine, float* cosine) noexcept { sincospif(x, sine, cosine); }
inline void sincos(float x, float* sine, float* cosine) noexcept { sincosf(x, sine, cosine); }
inline float exp10(float x) noexcept { return exp10f(x); }

#define KBK_NORMS(T, f)                                                                                            \
  inline T norm##f(int dim, const T* v) noexcept { return static_cast<T>(kbk::num::norm_of(dim, v)); }             \
  inline T rnorm##f(int dim, const T* v) noexcept { return static_cast<T>(1.0 / kbk::num::norm_of(dim, v)); }      \
  inline T rhypot##f(T a, T b) noexcept { return static_cast<T>(1.0 / hypot(double(a), double(b))); }              \
  inline T norm3d##f(T a, T b, T c) noexcept {                                                                     \
    const T v[3] = {a, b, c};                                                                                      \
    return norm##f(3, v);                                                                                          \
  }                                                                                                                \
  inline T rnorm3d##f(T a, T b, T c) noexcept {                                                                    \
    const T v[3] = {a, b, c};                                                                                      \
    return rnorm##f(3, v);                                                                                         \
  }                                                                                                                \
  inline T norm4d##f(T a, T b, T c, T d) noexcept {                                                                \
    const T v[4] = {a, b, c, d};                                                                                   \
    return norm##f(4, v);                                                                                          \
  }                                                                                                                \
  inline T rnorm4d##f(T a, T b, T c, T d) noexcept {                                                               \
    const T v[4] = {a, b, c, d};                                                                                   \
    return rnorm##f(4, v);                                                                                         \
  }

KBK_NORMS(double, )
KBK_NORMS(float, f)
#undef KBK_NORMS
