// Instructions of inline PTX that CUDA C++ has no function for. The translator writes them (kbk/sim/translate/ptx_*.py).
// https://docs.nvidia.com/cuda/parallel-thread-execution/
#pragma once

#include "kbk_atomic.h"
#include "kbk_index.h"
#include "kbk_math.h"
#include "kbk_ptx_memory.h"
#include "kbk_ptx_operand.h"
#include "kbk_ptx_warp.h"

namespace kbk::ptx {

// --- bits
inline std::uint32_t lop3(std::uint32_t a, std::uint32_t b, std::uint32_t c, unsigned table) {
  std::uint32_t result = 0;
  for (unsigned row = 0; row < 8; ++row)
    if (table >> row & 1) result |= (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
  return result;
}
// Four of the eight bytes of b:a; bit 3 of a selector spreads the sign of the byte instead.
inline std::uint32_t prmt(std::uint32_t a, std::uint32_t b, std::uint32_t selectors) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(b) << 32 | a;
  std::uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned selector = selectors >> 4 * i & 15;
    auto byte = static_cast<std::uint32_t>(bytes >> 8 * (selector & 7) & 0xff);
    if (selector & 8) byte = byte & 0x80 ? 0xff : 0;
    result |= byte << 8 * i;
  }
  return result;
}
// The place of the highest bit that is no sign, or 0xffffffff.
template <class T>
inline std::uint32_t find_bit(T value, bool as_shift = false) {
  constexpr unsigned kBits = 8 * sizeof(T);
  using Unsigned = std::make_unsigned_t<T>;
  const auto bits = static_cast<std::uint64_t>(static_cast<Unsigned>(value < T(0) ? ~value : value));
  if (bits == 0) return 0xffffffffu;
  const auto place = static_cast<std::uint32_t>(63 - __builtin_clzll(bits));
  return as_shift ? kBits - 1 - place : place;
}
template <class T>
inline T bit_field(T value, unsigned position, unsigned length) {
  constexpr unsigned kBits = 8 * sizeof(T);
  position &= 0xff, length &= 0xff;
  if (length == 0) return 0;
  if (position >= kBits) return value < T(0) ? T(-1) : T(0);
  const T shifted = value >> position;  // signed values bring their sign
  if (length >= kBits - position) return shifted;
  const unsigned left = kBits - length;
  using Unsigned = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<T>(static_cast<Unsigned>(shifted) << left) >> left);
}
template <class T>
inline T insert_bits(T inserted, T into, unsigned position, unsigned length) {
  constexpr unsigned kBits = 8 * sizeof(T);
  position &= 0xff, length &= 0xff;
  if (position >= kBits || length == 0) return into;
  using Unsigned = std::make_unsigned_t<T>;
  const Unsigned ones = length >= kBits ? ~Unsigned(0) : (Unsigned(1) << length) - 1;
  const Unsigned mask = ones << position;
  return static_cast<T>((static_cast<Unsigned>(into) & ~mask) | (static_cast<Unsigned>(inserted) << position & mask));
}
// Shifts beyond the width give zero or the sign: PTX clamps the distance, where C++ says nothing.
template <class T>
inline T shift_left(T value, std::uint32_t distance) {
  return distance >= 8 * sizeof(T) ? T(0) : static_cast<T>(static_cast<std::make_unsigned_t<T>>(value) << distance);
}
template <class T>
inline T shift_right(T value, std::uint32_t distance) {
  return distance >= 8 * sizeof(T) ? (value < T(0) ? T(-1) : T(0)) : static_cast<T>(value >> distance);
}
template <class T>
inline T high_product(T a, T b) {
  if constexpr (sizeof(T) == 8) {
    __extension__ using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>(static_cast<Wide>(a) * b >> 64);
  } else {
    using Wide = std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>;
    return static_cast<T>(static_cast<Wide>(a) * b >> 8 * sizeof(T));
  }
}
template <class Wide, class T>
inline Wide wide_product(T a, T b) { return static_cast<Wide>(static_cast<Wide>(a) * static_cast<Wide>(b)); }

// --- numbers
// relu: negative numbers become +0, NaN stays.
template <class T>
inline T relu(T value) { return value < T(0) ? T(0) : value; }
// A NaN wins.
inline float smallest(float a, float b) { return a != a || b != b ? NAN : fminf(a, b); }
inline float largest(float a, float b) { return a != a || b != b ? NAN : fmaxf(a, b); }

// --- pieces of wider registers, the first lowest
template <class Whole, class... Piece>
inline Whole joined(Piece... pieces) {
  constexpr unsigned kBits = 8 * sizeof(Whole) / sizeof...(Piece);
  Whole whole = 0;
  unsigned i = 0;
  ((whole |= static_cast<Whole>(as<Bits<kBits / 8>>(pieces)) << kBits * i++), ...);
  return whole;
}
template <class Whole, class... Piece>
inline void split(Whole whole, Piece&&... pieces) {
  constexpr unsigned kBits = 8 * sizeof(Whole) / sizeof...(Piece);
  unsigned i = 0;
  (put(pieces, static_cast<Bits<kBits / 8>>(whole >> kBits * i++)), ...);
}

// --- barriers: the block's own, number 0, of all its threads
__attribute__((always_inline)) inline void block_barrier(unsigned number, unsigned threads, int line) {
  const dim3 d = block_dimensions();
  if (number != 0) trap("unsupported", "bar.sync with a number other than 0 (a named barrier); use __syncthreads()");
  if (threads != 0 && threads != d.x * d.y * d.z)
    trap("unsupported", "bar.sync for a part of the block; use __syncthreads(), or __syncwarp() within a warp");
  barrier(0, 0, line);
}

}  // namespace kbk::ptx
