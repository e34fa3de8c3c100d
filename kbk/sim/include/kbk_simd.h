// SIMD within a word: the four bytes or two halfwords of an unsigned int as lanes.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__SIMD.html
#pragma once

#include <cstdint>

namespace kbk::num {

// op(a, b) in every lane; a and b arrive as int, of the sign that Lane has, and the result is cut to the lane.
template <class Lane, class Op>
inline unsigned int lanewise(unsigned int a, unsigned int b, Op op) {
  constexpr int bits = 8 * sizeof(Lane);
  constexpr unsigned int mask = (1u << bits) - 1;
  unsigned int result = 0;
  for (int at = 0; at < 32; at += bits) {
    const int x = static_cast<Lane>(a >> at), y = static_cast<Lane>(b >> at);
    result |= (static_cast<unsigned int>(op(x, y)) & mask) << at;
  }
  return result;
}

template <class Lane>
inline int clamped(int value) {
  constexpr int lowest = Lane(-1) < Lane(0) ? -(1 << (8 * sizeof(Lane) - 1)) : 0;
  constexpr int highest = lowest + (1 << (8 * sizeof(Lane))) - 1;
  return value < lowest ? lowest : value > highest ? highest : value;
}

// Sum of all lanes of a packed difference.
template <class Lane>
inline unsigned int sum_of_lanes(unsigned int a) {
  unsigned int sum = 0;
  for (unsigned int at = 0; at < 32; at += 8 * sizeof(Lane)) sum += static_cast<Lane>(a >> at);
  return sum;
}

}  // namespace kbk::num

#define KBK_LANES(name, Lane, expression)                                                    \
  inline unsigned int name(unsigned int a, unsigned int b) {                                 \
    return kbk::num::lanewise<Lane>(a, b, [](int x, int y) -> int { return expression; });   \
  }
#define KBK_LANES_1(name, Lane, expression)                                                  \
  inline unsigned int name(unsigned int a) {                                                 \
    return kbk::num::lanewise<Lane>(a, 0, [](int x, int) -> int { return expression; });     \
  }
// vcmp sets a lane to all ones where the comparison holds, vset to one.
#define KBK_COMPARE(suffix, count, Lane, op)                \
  KBK_LANES(__vcmp##suffix##count, Lane, x op y ? -1 : 0)   \
  KBK_LANES(__vset##suffix##count, Lane, x op y ? 1 : 0)

#define KBK_FAMILY(count, S, U)                                                              \
  KBK_LANES(__vadd##count, U, x + y)                                                         \
  KBK_LANES(__vaddss##count, S, kbk::num::clamped<S>(x + y))                                 \
  KBK_LANES(__vaddus##count, U, kbk::num::clamped<U>(x + y))                                 \
  KBK_LANES(__vsub##count, U, x - y)                                                         \
  KBK_LANES(__vsubss##count, S, kbk::num::clamped<S>(x - y))                                 \
  KBK_LANES(__vsubus##count, U, kbk::num::clamped<U>(x - y))                                 \
  KBK_LANES(__vmaxs##count, S, x > y ? x : y)                                                \
  KBK_LANES(__vmaxu##count, U, x > y ? x : y)                                                \
  KBK_LANES(__vmins##count, S, x < y ? x : y)                                                \
  KBK_LANES(__vminu##count, U, x < y ? x : y)                                                \
  KBK_LANES(__vavgs##count, S, (x + y + (x + y >= 0 ? 1 : 0)) >> 1)                          \
  KBK_LANES(__vavgu##count, U, (x + y + 1) >> 1)                                             \
  KBK_LANES(__vhaddu##count, U, (x + y) >> 1)                                                \
  KBK_LANES(__vabsdiffs##count, S, x > y ? x - y : y - x)                                    \
  KBK_LANES(__vabsdiffu##count, U, x > y ? x - y : y - x)                                    \
  KBK_LANES_1(__vabs##count, S, x < 0 ? -x : x)                                              \
  KBK_LANES_1(__vabsss##count, S, kbk::num::clamped<S>(x < 0 ? -x : x))                      \
  KBK_LANES_1(__vneg##count, S, -x)                                                          \
  KBK_LANES_1(__vnegss##count, S, kbk::num::clamped<S>(-x))                                  \
  KBK_COMPARE(eq, count, U, ==)                                                              \
  KBK_COMPARE(ne, count, U, !=)                                                              \
  KBK_COMPARE(gts, count, S, >)                                                              \
  KBK_COMPARE(gtu, count, U, >)                                                              \
  KBK_COMPARE(ges, count, S, >=)                                                             \
  KBK_COMPARE(geu, count, U, >=)                                                             \
  KBK_COMPARE(lts, count, S, <)                                                              \
  KBK_COMPARE(ltu, count, U, <)                                                              \
  KBK_COMPARE(les, count, S, <=)                                                             \
  KBK_COMPARE(leu, count, U, <=)                                                             \
  inline unsigned int __vsads##count(unsigned int a, unsigned int b) {                       \
    return kbk::num::sum_of_lanes<U>(__vabsdiffs##count(a, b));                              \
  }                                                                                          \
  inline unsigned int __vsadu##count(unsigned int a, unsigned int b) {                       \
    return kbk::num::sum_of_lanes<U>(__vabsdiffu##count(a, b));                              \
  }

KBK_FAMILY(2, int16_t, uint16_t)
KBK_FAMILY(4, int8_t, uint8_t)

#undef KBK_FAMILY
#undef KBK_COMPARE
#undef KBK_LANES_1
#undef KBK_LANES
