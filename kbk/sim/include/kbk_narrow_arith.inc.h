// Arithmetic of one 16-bit format, each result the exact one rounded once. Needs kbk_narrow_convert.inc.h.
//
// + - * / in float and then rounded give just that: 24 bits are at least twice the format's and two (Figueroa, "When is
// double rounding innocuous?", 1995), and no result that is subnormal even in float lies near a boundary of bfloat16.
// A fused multiply-add has no such luck, so it goes through a sum rounded to odd.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH____HALF__ARITHMETIC.html

#define KBK_WIDE(h) kbk::num::widened(h)
#define KBK_ROUNDED(value) KBK_BITS(kbk::num::narrow<KBK_FORMAT>(value))

// name on numbers, name2 on pairs.
#define KBK_UNARY(name, name2, expression)                    \
  inline KBK_T name(KBK_T a) { return expression; }           \
  inline KBK_T2 name2(KBK_T2 a) { return KBK_T2(name(a.x), name(a.y)); }
#define KBK_BINARY(name, name2, expression)                   \
  inline KBK_T name(KBK_T a, KBK_T b) { return expression; }  \
  inline KBK_T2 name2(KBK_T2 a, KBK_T2 b) { return KBK_T2(name(a.x, b.x), name(a.y, b.y)); }
#define KBK_TERNARY(name, name2, expression)                           \
  inline KBK_T name(KBK_T a, KBK_T b, KBK_T c) { return expression; }  \
  inline KBK_T2 name2(KBK_T2 a, KBK_T2 b, KBK_T2 c) { return KBK_T2(name(a.x, b.x, c.x), name(a.y, b.y, c.y)); }

namespace kbk::num {

// Clamped to [0, 1]; NaN and -0 give +0.
inline KBK_T clamp_to_unit(KBK_T h) {
  const float x = widened(h);
  return x > 0 ? (x < 1 ? h : KBK_BITS(narrow<KBK_FORMAT>(1.0f))) : KBK_BITS(0);
}
// Negative values give +0; NaN stays.
inline KBK_T rectified(KBK_T h) {
  const float x = widened(h);
  return x != x ? KBK_BITS(kNan16) : x > 0 ? h : KBK_BITS(0);
}
inline KBK_T fused(KBK_T a, KBK_T b, KBK_T c) {
  const double product = static_cast<double>(widened(a)) * widened(b);
  return KBK_ROUNDED(odd_sum(product, widened(c)));
}

}  // namespace kbk::num

KBK_BINARY(__hadd, __hadd2, KBK_ROUNDED(KBK_WIDE(a) + KBK_WIDE(b)))
KBK_BINARY(__hsub, __hsub2, KBK_ROUNDED(KBK_WIDE(a) - KBK_WIDE(b)))
KBK_BINARY(__hmul, __hmul2, KBK_ROUNDED(KBK_WIDE(a) * KBK_WIDE(b)))
KBK_BINARY(__hdiv, __h2div, KBK_ROUNDED(KBK_WIDE(a) / KBK_WIDE(b)))
KBK_BINARY(__hadd_rn, __hadd2_rn, __hadd(a, b))
KBK_BINARY(__hsub_rn, __hsub2_rn, __hsub(a, b))
KBK_BINARY(__hmul_rn, __hmul2_rn, __hmul(a, b))
KBK_BINARY(__hadd_sat, __hadd2_sat, kbk::num::clamp_to_unit(__hadd(a, b)))
KBK_BINARY(__hsub_sat, __hsub2_sat, kbk::num::clamp_to_unit(__hsub(a, b)))
KBK_BINARY(__hmul_sat, __hmul2_sat, kbk::num::clamp_to_unit(__hmul(a, b)))
KBK_TERNARY(__hfma, __hfma2, kbk::num::fused(a, b, c))
KBK_TERNARY(__hfma_sat, __hfma2_sat, kbk::num::clamp_to_unit(__hfma(a, b, c)))
KBK_TERNARY(__hfma_relu, __hfma2_relu, kbk::num::rectified(__hfma(a, b, c)))
KBK_UNARY(__hneg, __hneg2, KBK_BITS(kbk::num::bits_of(a) ^ 0x8000))
KBK_UNARY(__habs, __habs2, KBK_BITS(kbk::num::bits_of(a) & 0x7fff))

// Complex a * b + c with (real, imaginary) in a pair; four fused steps.
inline KBK_T2 __hcmadd(KBK_T2 a, KBK_T2 b, KBK_T2 c) {
  const KBK_T real = __hfma(__hneg(a.y), b.y, __hfma(a.x, b.x, c.x));
  const KBK_T imaginary = __hfma(a.y, b.x, __hfma(a.x, b.y, c.y));
  return KBK_T2(real, imaginary);
}

#define KBK_EXTREME(name, name2, greater, keep_nan)   \
  KBK_BINARY(name, name2,                             \
             KBK_BITS(kbk::num::extreme<KBK_FORMAT>(kbk::num::bits_of(a), kbk::num::bits_of(b), greater, keep_nan)))
KBK_EXTREME(__hmax, __hmax2, true, false)
KBK_EXTREME(__hmin, __hmin2, false, false)
KBK_EXTREME(__hmax_nan, __hmax2_nan, true, true)
KBK_EXTREME(__hmin_nan, __hmin2_nan, false, true)
#undef KBK_EXTREME

#if KBK_OPERATORS
#define KBK_OPERATOR(op, name)                                                               \
  inline KBK_T operator op(const KBK_T& a, const KBK_T& b) { return name(a, b); }            \
  inline KBK_T& operator op##=(KBK_T& a, const KBK_T& b) { return a = name(a, b); }
KBK_OPERATOR(+, __hadd)
KBK_OPERATOR(-, __hsub)
KBK_OPERATOR(*, __hmul)
KBK_OPERATOR(/, __hdiv)
#undef KBK_OPERATOR
inline KBK_T operator+(const KBK_T& a) { return a; }
inline KBK_T operator-(const KBK_T& a) { return __hneg(a); }
inline KBK_T& operator++(KBK_T& a) { return a = __hadd(a, KBK_ROUNDED(1.0f)); }
inline KBK_T& operator--(KBK_T& a) { return a = __hsub(a, KBK_ROUNDED(1.0f)); }
inline KBK_T operator++(KBK_T& a, int) {
  const KBK_T before = a;
  ++a;
  return before;
}
inline KBK_T operator--(KBK_T& a, int) {
  const KBK_T before = a;
  --a;
  return before;
}
#endif  // KBK_OPERATORS

#if KBK_OPERATORS_2
#define KBK_OPERATOR(op, name)                                                               \
  inline KBK_T2 operator op(const KBK_T2& a, const KBK_T2& b) { return name(a, b); }         \
  inline KBK_T2& operator op##=(KBK_T2& a, const KBK_T2& b) { return a = name(a, b); }
KBK_OPERATOR(+, __hadd2)
KBK_OPERATOR(-, __hsub2)
KBK_OPERATOR(*, __hmul2)
KBK_OPERATOR(/, __h2div)
#undef KBK_OPERATOR
inline KBK_T2 operator+(const KBK_T2& a) { return a; }
inline KBK_T2 operator-(const KBK_T2& a) { return __hneg2(a); }
inline KBK_T2& operator++(KBK_T2& a) {
  const KBK_T one = KBK_ROUNDED(1.0f);
  return a = __hadd2(a, KBK_T2(one, one));
}
inline KBK_T2& operator--(KBK_T2& a) {
  const KBK_T one = KBK_ROUNDED(1.0f);
  return a = __hsub2(a, KBK_T2(one, one));
}
inline KBK_T2 operator++(KBK_T2& a, int) {
  const KBK_T2 before = a;
  ++a;
  return before;
}
inline KBK_T2 operator--(KBK_T2& a, int) {
  const KBK_T2 before = a;
  --a;
  return before;
}
#endif  // KBK_OPERATORS_2
