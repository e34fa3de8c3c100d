// ld, st, cp.async of inline PTX: each thread's vector is one access of its whole width.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-ld
#pragma once

#include <cstring>

#include "kbk_ptx_operand.h"
#include "kbk_sync.h"
#include "kbk_whole_move.h"

namespace kbk::ptx {

// What is asked of an access beside its value: nothing, or that it happens here, and sees and shows what other threads do.
enum Strength { kWeak, kStrong };

template <unsigned kBytes>
struct Word : num::WholeWord<kBytes> {};
template <>
struct Word<1> {
  typedef std::uint8_t type;
};

// Two loads of one address stay two: the compiler is not told that the addresses are equal.
template <class P>
__attribute__((always_inline)) inline P* opaque(P* pointer) {
  asm volatile("" : "+r"(pointer));
  return pointer;
}

template <class T, unsigned kCount, Strength kHow, class... Operand>
__attribute__((always_inline)) inline void load(const char* address, Operand&&... operands) {
  static_assert(sizeof...(Operand) == kCount, "kbk: a load of inline PTX has as many registers as .v2 or .v4 says");
  using Whole = typename Word<kCount * sizeof(T)>::type;
  T values[kCount];
  if constexpr (kHow == kStrong) {
    const Whole whole = *reinterpret_cast<const volatile Whole*>(address);
    __builtin_memcpy(values, &whole, sizeof whole);
  } else if constexpr (sizeof(values) == 1) {
    values[0] = *reinterpret_cast<const T*>(opaque(address));
  } else {
    num::move_whole<sizeof(values)>(values, opaque(address));
  }
  unsigned i = 0;
  (put(operands, values[i++]), ...);
}

template <class T, unsigned kCount, Strength kHow, class... Operand>
__attribute__((always_inline)) inline void store(char* address, const Operand&... operands) {
  static_assert(sizeof...(Operand) == kCount, "kbk: a store of inline PTX has as many registers as .v2 or .v4 says");
  using Whole = typename Word<kCount * sizeof(T)>::type;
  const T values[kCount] = {as<T>(operands)...};
  if constexpr (kHow == kStrong) {
    Whole whole;
    __builtin_memcpy(&whole, values, sizeof whole);
    *reinterpret_cast<volatile Whole*>(address) = whole;
  } else if constexpr (sizeof(values) == 1) {
    *reinterpret_cast<T*>(opaque(address)) = values[0];
  } else {
    num::move_whole<sizeof(values)>(opaque(address), values);
  }
}

// A GPU copies later, at the latest when cp.async.wait_group or wait_all returns. Here the copy is made at once, which is one of the
// orders that a GPU allows; so a wait that is missing shows in no result. Bytes beyond `given` become zero.
template <unsigned kBytes>
__attribute__((always_inline)) inline void copy_async(char* to, const char* from, unsigned given = kBytes) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16, "kbk: cp.async copies 4, 8 or 16 bytes");
  unsigned char bytes[kBytes] = {};
  if (given >= kBytes) {
    num::move_whole<kBytes>(bytes, opaque(from));
  } else {
    for (unsigned i = 0; i < given; ++i) bytes[i] = static_cast<unsigned char>(from[i]);
  }
  num::move_whole<kBytes>(opaque(to), bytes);
}

}  // namespace kbk::ptx
