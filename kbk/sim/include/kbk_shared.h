// __shared__ variables. The translator turns each declaration into a struct of the same text and asks for its place in
// the arena.
#pragma once

#include <type_traits>

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "kbk_runtime.h"

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

template <class Holder, class Variable>
constexpr SharedSlot shared_variable(const char* name, const char* file, int line) {
  using Element = std::remove_cv_t<std::remove_all_extents_t<Variable>>;
  return {name, file, line, static_cast<unsigned>(sizeof(Holder)), static_cast<unsigned>(alignof(Holder)),
          static_cast<unsigned>(sizeof(Element)),
          {extent<Variable, 0>(), extent<Variable, 1>(), extent<Variable, 2>(), extent<Variable, 3>()},
          type_code<Element>(), 0, 0};
}

template <class T>
inline T& shared(SharedSlot* slot) {
  return *static_cast<T*>(shared_slot(slot));
}

}  // namespace kbk

#define KBK_SLOT(holder, name, ...) \
  ::kbk::shared_variable<holder, decltype(holder::__VA_ARGS__)>(name, __FILE__, __LINE__)
