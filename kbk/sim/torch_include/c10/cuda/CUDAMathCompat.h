// Stands for torch's <c10/cuda/CUDAMathCompat.h>: mathematics of float and double under names that other GPUs have too.
#pragma once

#include <cmath>

#include "cuda_runtime.h"

namespace c10::cuda::compat {

#define KBK_ONE(name, of_float, of_double)                \
  inline float name(float x) { return ::of_float(x); }    \
  inline double name(double x) { return ::of_double(x); }
#define KBK_TWO(name, of_float, of_double)                                  \
  inline float name(float x, float y) { return ::of_float(x, y); }          \
  inline double name(double x, double y) { return ::of_double(x, y); }
KBK_ONE(abs, fabsf, fabs)
KBK_ONE(exp, expf, exp)
KBK_ONE(ceil, ceilf, ceil)
KBK_ONE(floor, floorf, floor)
KBK_ONE(log, logf, log)
KBK_ONE(log1p, log1pf, log1p)
KBK_ONE(sqrt, sqrtf, sqrt)
KBK_ONE(rsqrt, rsqrtf, rsqrt)
KBK_ONE(tan, tanf, tan)
KBK_ONE(tanh, tanhf, tanh)
KBK_ONE(normcdf, normcdff, normcdf)
KBK_TWO(copysign, copysignf, copysign)
KBK_TWO(max, fmaxf, fmax)
KBK_TWO(min, fminf, fmin)
KBK_TWO(pow, powf, pow)
#undef KBK_ONE
#undef KBK_TWO

inline void sincos(float x, float* sine, float* cosine) { ::sincosf(x, sine, cosine); }
inline void sincos(double x, double* sine, double* cosine) { ::sincos(x, sine, cosine); }

}  // namespace c10::cuda::compat
