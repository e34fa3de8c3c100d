// __shared__ variables. The translator turns each declaration into a struct of the same text and asks for its place in
// the arena.
#pragma once

#include <type_traits>

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "kbk_runtime.h"
#include "kbk_whole_move.h"

namespace kbk {

// As SharedSlot::type.
template <class T>
constexpr char type_code() {
  if constexpr (std::is_same_v<T, __half>) return 'h';
  if constexpr (std::is_same_v<T, __nv_bfloat16>) return 'b';
  if constexpr (std::is_floating_point_v<T>) return 'f';
  if constexpr (std::is_integral_v<T>) return std::is_signed_v<T> ? 'i' : 'u';
  return '?';
}

template <class T, unsigned kDimension>
constexpr unsigned extent() {
  return static_cast<unsigned>(std::extent_v<T, kDimension>);
}

#if defined(KBK_TRACED) && defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define KBK_KNOWS_PADDING 1
#endif
#endif

// Bytes of a T that are no padding. The vector types have none; of a class with members that copy as they do, nobody knows.
template <class T>
struct Contents {
  static void mark(unsigned char* bytes) {
#ifdef KBK_KNOWS_PADDING
    for (unsigned i = 0; i < sizeof(T); ++i) bytes[i] = 0xff;
    if constexpr (std::is_trivially_copyable_v<T>) __builtin_clear_padding(reinterpret_cast<T*>(bytes));
#else
    for (unsigned i = 0; i < sizeof(T); ++i) bytes[i] = 0xff;
#endif
  }
#ifdef KBK_KNOWS_PADDING
  static constexpr bool kKnown = !std::is_class_v<T> || std::is_trivially_copyable_v<T> || num::copies_whole<T>::value;
#else
  static constexpr bool kKnown = !std::is_class_v<T> || num::copies_whole<T>::value;
#endif
  static constexpr void (*kMark)(unsigned char*) = kKnown ? &mark : nullptr;
};

template <class Holder, class Variable>
constexpr SharedSlot shared_variable(const char* name, const char* file, int line) {
  using Element = std::remove_cv_t<std::remove_all_extents_t<Variable>>;
  return {name, file, line, static_cast<unsigned>(sizeof(Holder)), static_cast<unsigned>(alignof(Holder)),
          static_cast<unsigned>(sizeof(Element)),
          {extent<Variable, 0>(), extent<Variable, 1>(), extent<Variable, 2>(), extent<Variable, 3>()},
          type_code<Element>(), Contents<Element>::kMark, 0, 0};
}

template <class T>
inline T& shared(SharedSlot* slot) {
  return *static_cast<T*>(shared_slot(slot));
}

}  // namespace kbk

#define KBK_SLOT(holder, name, ...) \
  ::kbk::shared_variable<holder, decltype(holder::__VA_ARGS__)>(name, __FILE__, __LINE__)
