// Which types a host function may take and give, decided by the compiler from the function's own type.
//
// The macros at the end turn every other type into one static_assert whose text begins with "kbk: "; Python shows
// that text alone. A host float, for one, would arrive as 0.0: torch's stable ABI passes 64 bits for every scalar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>

#include <kbk/tensor.h>

namespace kbk::detail {

struct NoParameter {};

template <class F>
struct Signature;

template <class R, class... P>
struct Signature<R(P...)> {
  using Result = R;
  using Parameters = std::tuple<P...>;
  static constexpr size_t kArity = sizeof...(P);
};

template <class R, class... P>
struct Signature<R(P...) noexcept> : Signature<R(P...)> {};

template <size_t I, class Tuple, bool InRange = (I < std::tuple_size_v<Tuple>)>
struct ElementOr {
  using type = NoParameter;
};
template <size_t I, class Tuple>
struct ElementOr<I, Tuple, true> : std::tuple_element<I, Tuple> {};

// The type of parameter I, or NoParameter past the last one.
template <class F, size_t I>
using Parameter = typename ElementOr<I, typename Signature<F>::Parameters>::type;

// What Python calls one C++ parameter type, and what holds the argument during the call.
template <class T>
struct Type {
  static constexpr bool kSupported = false;
};

#define KBK_TYPE(CXX, STORED, CODE)                 \
  template <>                                       \
  struct Type<CXX> {                                \
    static constexpr bool kSupported = true;        \
    using Stored = STORED;                          \
    static constexpr const char* kCode = CODE;      \
  }

KBK_TYPE(Tensor, Tensor, "tensor!");
KBK_TYPE(const Tensor&, Tensor, "tensor");
KBK_TYPE(HostTensor, HostTensor, "host!");
KBK_TYPE(const HostTensor&, HostTensor, "host");
KBK_TYPE(std::optional<Tensor>, std::optional<Tensor>, "optional!");
KBK_TYPE(const std::optional<Tensor>&, std::optional<Tensor>, "optional");
KBK_TYPE(int64_t, int64_t, "int");
KBK_TYPE(double, double, "float");
KBK_TYPE(bool, bool, "bool");
#undef KBK_TYPE

template <class T>
using Plain = std::remove_cv_t<std::remove_reference_t<T>>;

template <class T>
constexpr bool is_tensor = std::is_same_v<Plain<T>, Tensor> || std::is_same_v<Plain<T>, HostTensor> ||
                           std::is_same_v<Plain<T>, std::optional<Tensor>>;

// One category for each way to get a parameter wrong; a supported type is in none of them.
template <class T>
constexpr bool is_float = std::is_same_v<Plain<T>, float>;
template <class T>
constexpr bool is_other_integer = std::is_integral_v<Plain<T>> && !std::is_same_v<Plain<T>, bool> &&
                                  !std::is_same_v<Plain<T>, int64_t>;
template <class T>
constexpr bool is_pointer = std::is_pointer_v<Plain<T>>;
template <class T>
constexpr bool is_tensor_reference = is_tensor<T> && !Type<T>::kSupported;
template <class T>
constexpr bool is_scalar_reference = std::is_reference_v<T> &&
    (std::is_same_v<Plain<T>, bool> || std::is_same_v<Plain<T>, double> || std::is_same_v<Plain<T>, int64_t>);
template <class T>
constexpr bool is_unknown = !std::is_same_v<T, NoParameter> && !Type<T>::kSupported && !is_float<T> &&
    !is_other_integer<T> && !is_pointer<T> && !is_tensor_reference<T> && !is_scalar_reference<T>;

template <class Tuple>
struct Parameters;
template <class... P>
struct Parameters<std::tuple<P...>> {
  static constexpr bool kSupported = (Type<P>::kSupported && ...);
  static constexpr bool kAnyTensor = (is_tensor<P> || ...);
};

template <class R>
constexpr bool is_result = std::is_void_v<R> || std::is_same_v<R, Tensor>;
template <class... R>
constexpr bool is_result<std::tuple<R...>> = sizeof...(R) > 0 && (std::is_same_v<R, Tensor> && ...);

}  // namespace kbk::detail

// clang-format off
#define KBK_PARAMETER(function, index, who)                                                                        \
  static_assert(!kbk::detail::is_float<kbk::detail::Parameter<decltype(function), index>>,                         \
      "kbk: " who " is a float; write double");                                                                    \
  static_assert(!kbk::detail::is_other_integer<kbk::detail::Parameter<decltype(function), index>>,                 \
      "kbk: " who " is an integer other than int64_t; write int64_t");                                             \
  static_assert(!kbk::detail::is_pointer<kbk::detail::Parameter<decltype(function), index>>,                       \
      "kbk: " who " is a pointer; write Tensor (may be written) or const Tensor& (read only)");                    \
  static_assert(!kbk::detail::is_tensor_reference<kbk::detail::Parameter<decltype(function), index>>,              \
      "kbk: " who " is another kind of tensor reference; write Tensor (may be written) or const Tensor& (read only)"); \
  static_assert(!kbk::detail::is_scalar_reference<kbk::detail::Parameter<decltype(function), index>>,              \
      "kbk: " who " is a reference to a number; write double, int64_t or bool");                                   \
  static_assert(!kbk::detail::is_unknown<kbk::detail::Parameter<decltype(function), index>>,                       \
      "kbk: " who " has a type that cannot cross from Python; write Tensor, const Tensor&, HostTensor, "           \
      "std::optional<Tensor>, int64_t, double or bool");

#define KBK_SIGNATURE(function, who)                                                                               \
  static_assert(kbk::detail::Parameters<kbk::detail::Signature<decltype(function)>::Parameters>::kSupported,       \
      "kbk: " who " has a parameter whose type cannot cross from Python; write Tensor, const Tensor&, HostTensor, " \
      "std::optional<Tensor>, int64_t, double or bool");                                                           \
  static_assert(kbk::detail::Parameters<kbk::detail::Signature<decltype(function)>::Parameters>::kAnyTensor,       \
      "kbk: " who " has no tensor parameter, so nothing says on which machine it runs; add one");                  \
  static_assert(kbk::detail::is_result<kbk::detail::Signature<decltype(function)>::Result>,                        \
      "kbk: " who " must return void, Tensor or std::tuple<Tensor, ...>");
// clang-format on
