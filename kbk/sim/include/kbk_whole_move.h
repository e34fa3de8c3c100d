// Copies of a vector type as one access of its whole width, in the traced build.
//
// The compilers split `float4 v = *p` into four 4-byte loads before the instrumentation sees it, while a GPU does one
// 16-byte load. A user-provided copy that moves the value through an opaque register gives exactly one callback. Such
// a type is no aggregate any more, so in that build it also gets constructors. The plain build leaves it alone.
// https://docs.nvidia.com/cuda/cuda-c-programming-guide/#vector-types
#pragma once

#include <cstdint>

namespace kbk::num {

template <unsigned kBytes>
struct WholeWord;
template <>
struct WholeWord<2> {
  typedef uint16_t __attribute__((may_alias)) type;
};
template <>
struct WholeWord<4> {
  typedef uint32_t __attribute__((may_alias)) type;
};
template <>
struct WholeWord<8> {
  typedef uint64_t __attribute__((may_alias)) type;
};
template <>
struct WholeWord<16> {
  typedef float type __attribute__((vector_size(16), may_alias));
};

// Copies kBytes (a power of two) from `from` to `to` with accesses of at most 16 bytes, the widest a GPU has.
template <unsigned kBytes>
__attribute__((always_inline)) inline void move_whole(void* to, const void* from) {
  if constexpr (kBytes > 16) {
    move_whole<16>(to, from);
    move_whole<kBytes - 16>(static_cast<char*>(to) + 16, static_cast<const char*>(from) + 16);
  } else {
    using Word = typename WholeWord<kBytes>::type;
    Word word = *static_cast<const Word*>(from);
    if constexpr (kBytes == 16) {
#if defined(__aarch64__)
      asm("" : "+w"(word));
#elif defined(__x86_64__)
      asm("" : "+x"(word));
#endif
    } else {
      asm("" : "+r"(word));
    }
    *static_cast<Word*>(to) = word;
  }
}

}  // namespace kbk::num

namespace kbk::num {

// The types with these copies: all their bytes are members.
template <class T, class = void>
struct copies_whole {
  static constexpr bool value = false;
};
template <class T>
struct copies_whole<T, typename T::kbk_copies_whole> {
  static constexpr bool value = true;
};

}  // namespace kbk::num

#ifdef KBK_TRACED
#define KBK_WHOLE_STORES(Type, bytes)                              \
  using kbk_copies_whole = void;                                   \
  Type& operator=(const Type& from) noexcept {                     \
    ::kbk::num::move_whole<bytes>(this, &from);                    \
    return *this;                                                  \
  }
#define KBK_WHOLE_MOVES(Type, bytes)                               \
  KBK_WHOLE_STORES(Type, bytes)                                    \
  Type(const Type& from) noexcept {                                \
    ::kbk::num::move_whole<bytes>(this, &from);                    \
  }
#else
#define KBK_WHOLE_MOVES(Type, bytes)
#endif

// Of the built-in vector types g++ keeps a copy whole by itself (-fno-tree-sra), but not what is put together in place. So there a
// union may have such a member and still be copied, though not assigned.
#if defined(KBK_TRACED) && !defined(__clang__)
#define KBK_VECTOR_MOVES(Type, bytes) \
  KBK_WHOLE_STORES(Type, bytes)       \
  Type(const Type& from) noexcept = default;
#else
#define KBK_VECTOR_MOVES(Type, bytes) KBK_WHOLE_MOVES(Type, bytes)
#endif
