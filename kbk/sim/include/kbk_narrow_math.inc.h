// Functions of one 16-bit format: the float function, rounded. h... on numbers, h2... on pairs.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH____HALF__FUNCTIONS.html

#define KBK_FUNCTION(suffix, expression)                 \
  inline KBK_T h##suffix(KBK_T a) {                      \
    const float x = kbk::num::widened(a);                \
    return KBK_ROUNDED(expression);                      \
  }                                                      \
  inline KBK_T2 h2##suffix(KBK_T2 a) { return KBK_T2(h##suffix(a.x), h##suffix(a.y)); }

KBK_FUNCTION(sqrt, sqrtf(x))
KBK_FUNCTION(rsqrt, 1.0 / sqrt(static_cast<double>(x)))
KBK_FUNCTION(rcp, 1.0 / static_cast<double>(x))
KBK_FUNCTION(exp, expf(x))
KBK_FUNCTION(exp2, exp2f(x))
KBK_FUNCTION(exp10, exp10f(x))
KBK_FUNCTION(log, logf(x))
KBK_FUNCTION(log2, log2f(x))
KBK_FUNCTION(log10, log10f(x))
KBK_FUNCTION(sin, sinf(x))
KBK_FUNCTION(cos, cosf(x))
KBK_FUNCTION(tanh, tanhf(x))
KBK_FUNCTION(tanh_approx, tanhf(x))
KBK_FUNCTION(floor, floorf(x))
KBK_FUNCTION(ceil, ceilf(x))
KBK_FUNCTION(trunc, truncf(x))
KBK_FUNCTION(rint, rintf(x))

#undef KBK_FUNCTION
#undef KBK_UNARY
#undef KBK_BINARY
#undef KBK_TERNARY
#undef KBK_ROUNDED
#undef KBK_WIDE
#undef KBK_BITS
#undef KBK_PASTE3_
#undef KBK_PASTE3
#undef KBK_PASTE5_
#undef KBK_PASTE5
