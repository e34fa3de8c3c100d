// Operands of inline PTX. A register of PTX has bits and no type: an instruction reads it as its own type, whatever the C++ operand is.
// https://docs.nvidia.com/cuda/inline-ptx-assembly/#operands
#pragma once

#include <cstdint>
#include <type_traits>

#include "kbk_round.h"
#include "kbk_runtime.h"

namespace kbk::ptx {

template <unsigned kBytes>
using Bits = std::conditional_t<kBytes == 1, std::uint8_t,
                                std::conditional_t<kBytes == 2, std::uint16_t,
                                                   std::conditional_t<kBytes == 4, std::uint32_t, std::uint64_t>>>;

// An enumeration as its number, everything else as it is.
template <class V>
inline auto plain(V value) {
  if constexpr (std::is_enum_v<V>)
    return static_cast<std::underlying_type_t<V>>(value);
  else
    return value;
}

template <class From>
constexpr bool is_bits = std::is_integral_v<From> || std::is_pointer_v<From>;

// The operand as an instruction of type To reads it. Numbers of one kind are converted, which for integers keeps the low bits; others
// keep all their bits.
template <class To, class V>
__attribute__((always_inline)) inline To as(const V& value) {
  const auto from = plain<std::decay_t<V>>(value);
  using From = std::remove_cv_t<decltype(from)>;
  if constexpr (std::is_same_v<To, From>) {
    return from;
  } else if constexpr (std::is_pointer_v<From>) {
    return as<To>(reinterpret_cast<std::uintptr_t>(from));
  } else if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) {
    return static_cast<To>(from);
  } else if constexpr (std::is_floating_point_v<To> && std::is_floating_point_v<From>) {
    return static_cast<To>(from);
  } else if constexpr (std::is_integral_v<From>) {
    return num::bits_as<To>(static_cast<Bits<sizeof(To)>>(from));
  } else if constexpr (std::is_integral_v<To>) {
    return static_cast<To>(num::bits_as<Bits<sizeof(From)>>(from));
  } else {
    return num::bits_as<To>(static_cast<Bits<sizeof(To)>>(num::bits_as<Bits<sizeof(From)>>(from)));
  }
}

// Writes a result into the operand.
template <class D, class V>
__attribute__((always_inline)) inline void put(D&& operand, const V& value) {
  using To = std::remove_reference_t<D>;
  if constexpr (std::is_pointer_v<To>)
    operand = reinterpret_cast<To>(as<std::uintptr_t>(value));
  else if constexpr (std::is_enum_v<To>)
    operand = static_cast<To>(as<std::underlying_type_t<To>>(value));
  else
    operand = as<std::remove_cv_t<To>>(value);
}

// An address: [operand + offset], of global or any memory, and of shared memory, which has 32-bit addresses of its own.
template <class V>
__attribute__((always_inline)) inline char* at(const V& address, long offset = 0) {
  const auto bits = as<std::uintptr_t>(address);
  return reinterpret_cast<char*>(bits) + offset;
}
template <class V>
__attribute__((always_inline)) inline char* shared(const V& address, long offset = 0) {
  static_assert(!std::is_pointer_v<std::decay_t<V>>,
                "kbk: an address of a .shared instruction is what __cvta_generic_to_shared(pointer) gives");
  return static_cast<char*>(shared_at(static_cast<unsigned>(address))) + offset;
}

}  // namespace kbk::ptx
