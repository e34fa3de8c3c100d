// Warp shuffles, votes, matches and reductions. CUDA C++ Programming Guide, "Warp Shuffle Functions",
// "Warp Vote Functions", "Warp Match Functions", "Warp Reduce Functions".
#pragma once

#include <cstring>
#include <type_traits>

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "kbk_runtime.h"

namespace kbk {

template <class T>
struct is_shufflable : std::is_arithmetic<T> {};

template <class T>
inline std::uint64_t to_bits(const T& value) {
  static_assert(sizeof(T) <= 8, "kbk: warp collectives take values of at most 8 bytes");
  std::uint64_t bits = 0;
  std::memcpy(&bits, static_cast<const void*>(&value), sizeof(T));
  return bits;
}

template <class T>
inline T shuffle(Op op, unsigned mask, const T& value, unsigned argument, int width) {
  static_assert(is_shufflable<T>::value,
                "kbk: __shfl_*_sync takes int, unsigned, long, long long, float, double, half and bfloat16 types");
  const std::uint64_t bits = collective(op, mask, to_bits(value), argument, width, nullptr);
  T result;
  std::memcpy(static_cast<void*>(&result), &bits, sizeof(T));
  return result;
}

}  // namespace kbk

namespace kbk {
template <> struct is_shufflable<__half> : std::true_type {};
template <> struct is_shufflable<__half2> : std::true_type {};
template <> struct is_shufflable<__nv_bfloat16> : std::true_type {};
template <> struct is_shufflable<__nv_bfloat162> : std::true_type {};
}  // namespace kbk

template <class T>
inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  return kbk::shuffle(kbk::Op::kShflIdx, mask, value, static_cast<unsigned>(source), width);
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return kbk::shuffle(kbk::Op::kShflUp, mask, value, delta, width);
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  return kbk::shuffle(kbk::Op::kShflDown, mask, value, delta, width);
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32) {
  return kbk::shuffle(kbk::Op::kShflXor, mask, value, static_cast<unsigned>(lanes), width);
}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return static_cast<unsigned>(kbk::collective(kbk::Op::kBallot, mask, predicate != 0, 0, 32, nullptr));
}
inline int __any_sync(unsigned mask, int predicate) {
  return static_cast<int>(kbk::collective(kbk::Op::kAny, mask, predicate != 0, 0, 32, nullptr));
}
inline int __all_sync(unsigned mask, int predicate) {
  return static_cast<int>(kbk::collective(kbk::Op::kAll, mask, predicate != 0, 0, 32, nullptr));
}
inline int __uni_sync(unsigned mask, int predicate) {
  int equal = 0;
  kbk::collective(kbk::Op::kMatchAll, mask, predicate != 0, 0, 32, &equal);
  return equal;
}
inline unsigned __activemask() { return kbk::active_mask(); }

template <class T>
inline unsigned __match_any_sync(unsigned mask, T value) {
  return static_cast<unsigned>(kbk::collective(kbk::Op::kMatchAny, mask, kbk::to_bits(value), 0, 32, nullptr));
}
template <class T>
inline unsigned __match_all_sync(unsigned mask, T value, int* predicate) {
  return static_cast<unsigned>(kbk::collective(kbk::Op::kMatchAll, mask, kbk::to_bits(value), 0, 32, predicate));
}

#if !defined(KBK_SIM_ARCH) || KBK_SIM_ARCH >= 800
#define KBK_REDUCE(name, op_unsigned, op_signed)                                                             \
  inline unsigned name(unsigned mask, unsigned value) {                                                      \
    return static_cast<unsigned>(kbk::collective(kbk::Op::op_unsigned, mask, value, 0, 32, nullptr));        \
  }                                                                                                          \
  inline int name(unsigned mask, int value) {                                                                \
    return static_cast<int>(kbk::collective(kbk::Op::op_signed, mask, static_cast<unsigned>(value), 0, 32, nullptr)); \
  }
KBK_REDUCE(__reduce_add_sync, kAddU, kAddS)
KBK_REDUCE(__reduce_min_sync, kMinU, kMinS)
KBK_REDUCE(__reduce_max_sync, kMaxU, kMaxS)
#undef KBK_REDUCE
#define KBK_REDUCE(name, op)                                                                      \
  inline unsigned name(unsigned mask, unsigned value) {                                           \
    return static_cast<unsigned>(kbk::collective(kbk::Op::op, mask, value, 0, 32, nullptr));      \
  }
KBK_REDUCE(__reduce_and_sync, kAnd)
KBK_REDUCE(__reduce_or_sync, kOr)
KBK_REDUCE(__reduce_xor_sync, kXor)
#undef KBK_REDUCE
#endif
