// What the compiler says of a host function, as plain data: Python makes torch's schema of it.
//
// Codes of the parameters, "->", codes of the results, nullptr: {"tensor!", "tensor", "float", "->", nullptr} for
// void(Tensor, const Tensor&, double). A "!" means that the function may write the tensor. No strings are put together
// here: that would be most of the code of a small unit.
#pragma once

#include <tuple>

#include <kbk/signature.h>

namespace kbk::detail {

template <class F>
struct Codes;

template <class... P>
struct Codes<void(P...)> {
  static constexpr const char* kValue[] = {Type<P>::kCode..., "->", nullptr};
};
template <class... P>
struct Codes<Tensor(P...)> {
  static constexpr const char* kValue[] = {Type<P>::kCode..., "->", "tensor", nullptr};
};
template <class... R, class... P>
struct Codes<std::tuple<R...>(P...)> {
  static constexpr const char* kValue[] = {Type<P>::kCode..., "->", Type<R>::kCode..., nullptr};
};
template <class R, class... P>
struct Codes<R(P...) noexcept> : Codes<R(P...)> {};

}  // namespace kbk::detail
