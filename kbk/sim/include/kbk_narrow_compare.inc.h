// Comparisons of one 16-bit format: plain ones are false with a NaN, those ending in u are true. Pairs compare lane by
// lane into 1.0 or 0.0 (__heq2), all ones or zero (__heq2_mask), or both lanes at once (__hbeq2).
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH____HALF__COMPARISON.html

namespace kbk::num {
inline KBK_T2 as_numbers(KBK_T2, bool low, bool high) {
  const KBK_T one = KBK_BITS(narrow<KBK_FORMAT>(1.0f)), zero = KBK_BITS(0);
  return KBK_T2(low ? one : zero, high ? one : zero);
}
}  // namespace kbk::num

#define KBK_COMPARE_AS(suffix, expression)                                                                    \
  inline bool __h##suffix(KBK_T a, KBK_T b) {                                                                 \
    const float x = kbk::num::widened(a), y = kbk::num::widened(b);                                           \
    return expression;                                                                                        \
  }                                                                                                           \
  inline KBK_T2 __h##suffix##2(KBK_T2 a, KBK_T2 b) {                                                          \
    return kbk::num::as_numbers(a, __h##suffix(a.x, b.x), __h##suffix(a.y, b.y));                             \
  }                                                                                                           \
  inline unsigned int __h##suffix##2_mask(KBK_T2 a, KBK_T2 b) {                                               \
    return (__h##suffix(a.x, b.x) ? 0xffffu : 0u) | (__h##suffix(a.y, b.y) ? 0xffff0000u : 0u);               \
  }                                                                                                           \
  inline bool __hb##suffix##2(KBK_T2 a, KBK_T2 b) { return __h##suffix(a.x, b.x) && __h##suffix(a.y, b.y); }
#define KBK_COMPARE(suffix, op)           \
  KBK_COMPARE_AS(suffix, x op y)          \
  KBK_COMPARE_AS(suffix##u, x op y || x != x || y != y)

KBK_COMPARE(eq, ==)
KBK_COMPARE_AS(ne, x < y || x > y)
KBK_COMPARE_AS(neu, x != y)
KBK_COMPARE(lt, <)
KBK_COMPARE(le, <=)
KBK_COMPARE(gt, >)
KBK_COMPARE(ge, >=)
#undef KBK_COMPARE
#undef KBK_COMPARE_AS

inline bool __hisnan(KBK_T a) { return (kbk::num::bits_of(a) & 0x7fff) > KBK_FORMAT::infinity; }
inline KBK_T2 __hisnan2(KBK_T2 a) { return kbk::num::as_numbers(a, __hisnan(a.x), __hisnan(a.y)); }
// 1 for +inf, -1 for -inf, else 0.
inline int __hisinf(KBK_T a) {
  const unsigned short bits = kbk::num::bits_of(a);
  return (bits & 0x7fff) != KBK_FORMAT::infinity ? 0 : bits & 0x8000 ? -1 : 1;
}

#define KBK_OPERATOR(Type, op, name) \
  inline bool operator op(const Type& a, const Type& b) { return name(a, b); }
#if KBK_OPERATORS
KBK_OPERATOR(KBK_T, ==, __heq)
KBK_OPERATOR(KBK_T, !=, __hneu)
KBK_OPERATOR(KBK_T, <, __hlt)
KBK_OPERATOR(KBK_T, <=, __hle)
KBK_OPERATOR(KBK_T, >, __hgt)
KBK_OPERATOR(KBK_T, >=, __hge)
#endif
#if KBK_OPERATORS_2
KBK_OPERATOR(KBK_T2, ==, __hbeq2)
KBK_OPERATOR(KBK_T2, !=, __hbneu2)
KBK_OPERATOR(KBK_T2, <, __hblt2)
KBK_OPERATOR(KBK_T2, <=, __hble2)
KBK_OPERATOR(KBK_T2, >, __hbgt2)
KBK_OPERATOR(KBK_T2, >=, __hbge2)
#endif
#undef KBK_OPERATOR
