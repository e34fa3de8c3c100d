// C++ types of a host function <-> torch's IValues, and what torch's schema calls them.
//
// Also the types that TORCH_LIBRARY refuses and pybind11 takes: int, float, size_t. A number that does not fit is an error.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace kbk::extension {

// What a parameter of type T is kept in while the function runs: references get something to refer to.
template <class T>
using Kept = std::remove_cv_t<std::remove_reference_t<T>>;

template <class T, class = void>
struct Value {
  static constexpr bool known = false;
  static std::string schema(bool) { return ""; }
};

// name: in a schema. Types that torch's IValue holds as they are.
#define KBK_VALUE(type, text)                                          \
  template <>                                                          \
  struct Value<type> {                                                 \
    static constexpr bool known = true;                                \
    static std::string schema(bool) { return text; }                   \
    static type from(c10::IValue&& value) { return value.to<type>(); } \
    static c10::IValue to(const type& value) { return value; }         \
  };
KBK_VALUE(bool, "bool")
KBK_VALUE(double, "float")
KBK_VALUE(int64_t, "int")
KBK_VALUE(std::string, "str")
KBK_VALUE(at::Scalar, "Scalar")
KBK_VALUE(at::ScalarType, "ScalarType")
KBK_VALUE(at::Device, "Device")
KBK_VALUE(at::Layout, "Layout")
KBK_VALUE(at::MemoryFormat, "MemoryFormat")
#undef KBK_VALUE

template <>
struct Value<at::Tensor> {
  static constexpr bool known = true;
  // A tensor that the function may write is marked; schemas tell such tensors apart by letters.
  static std::string schema(bool written) { return written ? "Tensor(!)" : "Tensor"; }
  static at::Tensor from(c10::IValue&& value) { return std::move(value).toTensor(); }
  static c10::IValue to(const at::Tensor& value) { return value; }
};

template <class T>
struct Value<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, int64_t>>> {
  static constexpr bool known = true;
  static std::string schema(bool) { return "int"; }
  static T from(c10::IValue&& value) {
    const int64_t wide = value.toInt();
    const bool fits = std::is_signed_v<T> ? wide >= static_cast<int64_t>(std::numeric_limits<T>::min()) &&
                                                wide <= static_cast<int64_t>(std::numeric_limits<T>::max())
                                          : wide >= 0 && static_cast<uint64_t>(wide) <= std::numeric_limits<T>::max();
    if (!fits) {
      throw std::runtime_error("kbk.ArgumentError: argument @ must be from " + std::to_string(std::numeric_limits<T>::min()) +
                               " to " + std::to_string(std::numeric_limits<T>::max()) + ", but is " + std::to_string(wide));
    }
    return static_cast<T>(wide);
  }
  static c10::IValue to(T value) { return static_cast<int64_t>(value); }
};

template <class T>
struct Value<T, std::enable_if_t<std::is_floating_point_v<T> && !std::is_same_v<T, double>>> {
  static constexpr bool known = true;
  static std::string schema(bool) { return "float"; }
  static T from(c10::IValue&& value) { return static_cast<T>(value.toDouble()); }
  static c10::IValue to(T value) { return static_cast<double>(value); }
};

template <class T>
struct Value<std::optional<T>> {
  static constexpr bool known = Value<T>::known;
  static std::string schema(bool written) { return Value<T>::schema(written) + "?"; }
  static std::optional<T> from(c10::IValue&& value) {
    if (value.isNone()) return std::nullopt;
    return Value<T>::from(std::move(value));
  }
  static c10::IValue to(const std::optional<T>& value) { return value ? Value<T>::to(*value) : c10::IValue(); }
};

template <class T>
struct Value<std::vector<T>> {
  static constexpr bool known = Value<T>::known;
  static std::string schema(bool) { return Value<T>::schema(false) + "[]"; }
  static std::vector<T> from(c10::IValue&& value) {
    std::vector<T> each;
    for (c10::IValue element : value.toListRef()) each.push_back(Value<T>::from(std::move(element)));
    return each;
  }
  static c10::IValue to(const std::vector<T>& value) {
    if constexpr (std::is_same_v<T, at::Tensor>) {
      return value;
    } else if constexpr (std::is_same_v<T, bool>) {
      c10::List<bool> list;
      for (const bool each : value) list.push_back(each);
      return list;
    } else if constexpr (std::is_integral_v<T>) {
      return std::vector<int64_t>(value.begin(), value.end());
    } else if constexpr (std::is_floating_point_v<T>) {
      return std::vector<double>(value.begin(), value.end());
    } else {
      return value;
    }
  }
};

// Views keep what they view.
template <class View, class Held>
struct Viewed {
  static constexpr bool known = true;
  static std::string schema(bool) { return Value<Held>::schema(false); }
  struct Kept {
    Held held;
    operator View() const { return View(held); }  // NOLINT
  };
  static Kept from(c10::IValue&& value) { return {Value<Held>::from(std::move(value))}; }
  static c10::IValue to(View value) { return Value<Held>::to(Held(value.begin(), value.end())); }
};
template <class T>
struct Value<c10::ArrayRef<T>> : Viewed<c10::ArrayRef<T>, std::vector<T>> {};
template <>
struct Value<const char*> {
  static constexpr bool known = true;
  static std::string schema(bool) { return "str"; }
  struct Kept {
    std::string held;
    operator const char*() const { return held.c_str(); }  // NOLINT
  };
  static Kept from(c10::IValue&& value) { return {value.toStringRef()}; }
  static c10::IValue to(const char* value) { return std::string(value); }
};
template <>
struct Value<std::string_view> : Viewed<std::string_view, std::string> {};

// Results: nothing, a value, or a tuple of them.
template <class R, class = void>
struct Results {
  static constexpr size_t count = 1;
  static constexpr bool known = Value<R>::known;
  static std::string schema() { return Value<R>::schema(false); }
  static void push(c10::Stack& stack, const R& result) { stack.push_back(Value<R>::to(result)); }
};
template <class... R>
struct Results<std::tuple<R...>> {
  static constexpr size_t count = sizeof...(R);
  static constexpr bool known = (Value<R>::known && ...);
  static std::string schema() {
    std::string text;
    ((text += (text.empty() ? "" : ", ") + Value<R>::schema(false)), ...);
    return "(" + text + ")";
  }
  static void push(c10::Stack& stack, const std::tuple<R...>& result) {
    std::apply([&](const R&... each) { (stack.push_back(Value<R>::to(each)), ...); }, result);
  }
};
template <class A, class B>
struct Results<std::pair<A, B>> : Results<std::tuple<A, B>> {};

}  // namespace kbk::extension
