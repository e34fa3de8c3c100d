// Conversions of one 16-bit format. Beside the names of kbk_narrow_class.inc.h this needs KBK_N and KBK_N2, the names
// as they stand within a function's: `half` and `half2` give __float2half and __float22half2_rn.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH____HALF__MISC.html

#define KBK_PASTE3_(a, b, c) a##b##c
#define KBK_PASTE3(a, b, c) KBK_PASTE3_(a, b, c)
#define KBK_PASTE5_(a, b, c, d, e) a##b##c##d##e
#define KBK_PASTE5(a, b, c, d, e) KBK_PASTE5_(a, b, c, d, e)

#define KBK_BITS(value) KBK_T(KBK_RAW{static_cast<unsigned short>(value)})

// --- one number, from and to float and double
inline KBK_T KBK_PASTE3(__float2, KBK_N, )(float x) { return KBK_BITS(kbk::num::narrow<KBK_FORMAT>(x)); }
inline KBK_T KBK_PASTE3(__double2, KBK_N, )(double x) { return KBK_BITS(kbk::num::narrow<KBK_FORMAT>(x)); }
inline float KBK_PASTE3(__, KBK_N, 2float)(KBK_T h) { return kbk::num::widened(h); }

#define KBK_FROM_FLOAT(suffix, mode)                                       \
  inline KBK_T KBK_PASTE3(__float2, KBK_N, _##suffix)(float x) {           \
    return KBK_BITS(kbk::num::narrow<KBK_FORMAT>(x, kbk::num::Round::mode)); \
  }
KBK_FROM_FLOAT(rn, nearest)
KBK_FROM_FLOAT(rz, zero)
KBK_FROM_FLOAT(ru, up)
KBK_FROM_FLOAT(rd, down)
#undef KBK_FROM_FLOAT

// --- one number, from and to integers
#define KBK_INTEGER_IN(tag, Integer, nan, suffix, mode)                                                     \
  inline KBK_T KBK_PASTE5(__, tag, 2, KBK_N, _##suffix)(Integer x) {                                        \
    return KBK_BITS(kbk::num::narrow<KBK_FORMAT>(kbk::num::odd_double(x), kbk::num::Round::mode));          \
  }                                                                                                         \
  inline Integer KBK_PASTE5(__, KBK_N, 2, tag, _##suffix)(KBK_T h) {                                        \
    return kbk::num::saturated<Integer>(kbk::num::integral(kbk::num::widened(h), kbk::num::Round::mode), nan); \
  }
#define KBK_INTEGER(tag, Integer, nan)            \
  KBK_INTEGER_IN(tag, Integer, nan, rn, nearest)  \
  KBK_INTEGER_IN(tag, Integer, nan, rz, zero)     \
  KBK_INTEGER_IN(tag, Integer, nan, ru, up)       \
  KBK_INTEGER_IN(tag, Integer, nan, rd, down)
KBK_INTEGER(short, short, short(0))
KBK_INTEGER(ushort, unsigned short, static_cast<unsigned short>(0))
KBK_INTEGER(int, int, 0)
KBK_INTEGER(uint, unsigned int, 0u)
KBK_INTEGER(ll, long long, kbk::num::top_bit<long long>())
KBK_INTEGER(ull, unsigned long long, kbk::num::top_bit<unsigned long long>())
#undef KBK_INTEGER
#undef KBK_INTEGER_IN
inline signed char KBK_PASTE3(__, KBK_N, 2char_rz)(KBK_T h) {
  return kbk::num::saturated<signed char>(kbk::num::widened(h), 0);
}
inline unsigned char KBK_PASTE3(__, KBK_N, 2uchar_rz)(KBK_T h) {
  return kbk::num::saturated<unsigned char>(kbk::num::widened(h), 0);
}

// --- bits
inline short KBK_PASTE3(__, KBK_N, _as_short)(KBK_T h) { return static_cast<short>(kbk::num::bits_of(h)); }
inline unsigned short KBK_PASTE3(__, KBK_N, _as_ushort)(KBK_T h) { return kbk::num::bits_of(h); }
inline KBK_T KBK_PASTE3(__short_as_, KBK_N, )(short bits) { return KBK_BITS(bits); }
inline KBK_T KBK_PASTE3(__ushort_as_, KBK_N, )(unsigned short bits) { return KBK_BITS(bits); }

// --- pairs
inline KBK_T2 KBK_PASTE3(make_, KBK_N2, )(KBK_T x, KBK_T y) { return KBK_T2(x, y); }
inline KBK_T2 KBK_PASTE3(__halves2, KBK_N2, )(KBK_T low, KBK_T high) { return KBK_T2(low, high); }
inline KBK_T2 KBK_PASTE5(__, KBK_N, 2, KBK_N2, )(KBK_T h) { return KBK_T2(h, h); }
inline KBK_T2 KBK_PASTE3(__float2, KBK_N2, _rn)(float x) {
  const KBK_T both = KBK_PASTE3(__float2, KBK_N, )(x);
  return KBK_T2(both, both);
}
inline KBK_T2 KBK_PASTE3(__floats2, KBK_N2, _rn)(float low, float high) {
  return KBK_T2(KBK_PASTE3(__float2, KBK_N, )(low), KBK_PASTE3(__float2, KBK_N, )(high));
}
inline KBK_T2 KBK_PASTE3(__float22, KBK_N2, _rn)(float2 v) { return KBK_PASTE3(__floats2, KBK_N2, _rn)(v.x, v.y); }
inline float2 KBK_PASTE3(__, KBK_N2, 2float2)(KBK_T2 v) {
  return float2{kbk::num::widened(v.x), kbk::num::widened(v.y)};
}
inline float __low2float(KBK_T2 v) { return kbk::num::widened(v.x); }
inline float __high2float(KBK_T2 v) { return kbk::num::widened(v.y); }
inline KBK_T KBK_PASTE3(__low2, KBK_N, )(KBK_T2 v) { return v.x; }
inline KBK_T KBK_PASTE3(__high2, KBK_N, )(KBK_T2 v) { return v.y; }
inline KBK_T2 KBK_PASTE3(__low2, KBK_N2, )(KBK_T2 v) { return KBK_T2(v.x, v.x); }
inline KBK_T2 KBK_PASTE3(__high2, KBK_N2, )(KBK_T2 v) { return KBK_T2(v.y, v.y); }
inline KBK_T2 KBK_PASTE3(__lows2, KBK_N2, )(KBK_T2 a, KBK_T2 b) { return KBK_T2(a.x, b.x); }
inline KBK_T2 KBK_PASTE3(__highs2, KBK_N2, )(KBK_T2 a, KBK_T2 b) { return KBK_T2(a.y, b.y); }
inline KBK_T2 __lowhigh2highlow(KBK_T2 v) { return KBK_T2(v.y, v.x); }
