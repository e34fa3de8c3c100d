// The dynamic-programming instructions: three-way and fused-add minima and maxima of words and pairs of halfwords.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__SIMD.html
#pragma once

#include <cstdint>

namespace kbk::num {

// op(a, b, c) on both halfwords.
template <class Lane, class Op>
inline unsigned int halfwise(unsigned int a, unsigned int b, unsigned int c, Op op) {
  const int low = op(static_cast<Lane>(a), static_cast<Lane>(b), static_cast<Lane>(c));
  const int high = op(static_cast<Lane>(a >> 16), static_cast<Lane>(b >> 16), static_cast<Lane>(c >> 16));
  return (static_cast<unsigned int>(low) & 0xffffu) | (static_cast<unsigned int>(high) << 16);
}
template <class T>
inline T wrapping_sum(T a, T b) {
  return static_cast<T>(static_cast<unsigned int>(a) + static_cast<unsigned int>(b));
}
// Extremes of two and three, of one type T.
template <class T>
inline T max_of(T a, T b) {
  return a < b ? b : a;
}
template <class T>
inline T min_of(T a, T b) {
  return b < a ? b : a;
}

}  // namespace kbk::num

#define KBK_WORD_3(name, T, expression)       \
  inline T name(T a, T b, T c) {              \
    using namespace kbk::num;                 \
    return expression;                        \
  }
#define KBK_HALVES_3(name, Lane, expression)                                                           \
  inline unsigned int name(unsigned int x, unsigned int y, unsigned int z) {                           \
    using namespace kbk::num;                                                                          \
    return halfwise<Lane>(x, y, z, [](Lane a, Lane b, Lane c) -> int { return expression; });          \
  }

#define KBK_EXTREMES(maximum, pick)                                                                  \
  KBK_WORD_3(__vi##maximum##3_s32, int, pick(pick(a, b), c))                                       \
  KBK_WORD_3(__vi##maximum##3_u32, unsigned int, pick(pick(a, b), c))                              \
  KBK_WORD_3(__vi##maximum##3_s32_relu, int, max_of(pick(pick(a, b), c), 0))             \
  KBK_WORD_3(__viadd##maximum##_s32, int, pick(wrapping_sum(a, b), c))                               \
  KBK_WORD_3(__viadd##maximum##_u32, unsigned int, pick(wrapping_sum(a, b), c))                      \
  KBK_WORD_3(__viadd##maximum##_s32_relu, int, max_of(pick(wrapping_sum(a, b), c), 0))     \
  KBK_HALVES_3(__vi##maximum##3_s16x2, int16_t, pick(pick(a, b), c))                               \
  KBK_HALVES_3(__vi##maximum##3_u16x2, uint16_t, pick(pick(a, b), c))                              \
  KBK_HALVES_3(__vi##maximum##3_s16x2_relu, int16_t, (max_of<int16_t>(pick(pick(a, b), c), 0)))           \
  KBK_HALVES_3(__viadd##maximum##_s16x2, int16_t, pick(wrapping_sum(a, b), c))                       \
  KBK_HALVES_3(__viadd##maximum##_u16x2, uint16_t, pick(wrapping_sum(a, b), c))                      \
  KBK_HALVES_3(__viadd##maximum##_s16x2_relu, int16_t, (max_of<int16_t>(pick(wrapping_sum(a, b), c), 0)))   \
  inline int __vi##maximum##_s32_relu(int a, int b) { return __vi##maximum##3_s32_relu(a, b, b); }     \
  inline unsigned int __vi##maximum##_s16x2_relu(unsigned int a, unsigned int b) {                     \
    return __vi##maximum##3_s16x2_relu(a, b, b);                                                       \
  }
KBK_EXTREMES(max, max_of)
KBK_EXTREMES(min, min_of)
#undef KBK_EXTREMES
#undef KBK_HALVES_3
#undef KBK_WORD_3

// The extreme and, per value, whether the first operand is it.
#define KBK_WITH_PREDICATE(name, op, S, T, suffix32, suffix16)                                         \
  inline T __vib##name##_##suffix32(T a, T b, bool* first) {                                           \
    *first = a op b;                                                                                   \
    return *first ? a : b;                                                                             \
  }                                                                                                    \
  inline unsigned int __vib##name##_##suffix16(unsigned int a, unsigned int b, bool* high, bool* low) { \
    *high = static_cast<S>(a >> 16) op static_cast<S>(b >> 16);                                        \
    *low = static_cast<S>(a) op static_cast<S>(b);                                                     \
    return ((*high ? a : b) & 0xffff0000u) | ((*low ? a : b) & 0xffffu);                               \
  }
KBK_WITH_PREDICATE(max, >=, int16_t, int, s32, s16x2)
KBK_WITH_PREDICATE(max, >=, uint16_t, unsigned int, u32, u16x2)
KBK_WITH_PREDICATE(min, <=, int16_t, int, s32, s16x2)
KBK_WITH_PREDICATE(min, <=, uint16_t, unsigned int, u32, u16x2)
#undef KBK_WITH_PREDICATE
