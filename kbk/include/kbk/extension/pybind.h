// PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("name", &function, "doc", py::arg("x"), py::arg("eps") = 1e-5); }
//
// Functions become ops, as those of `functions=`: no Python header is needed and a traced build can stand beside the plain one.
// Classes, submodules and Python objects are not there (kbk/sim/translate/unsupported.py names them).
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <c10/util/Exception.h>

#include <kbk/extension/function.h>

namespace kbk::extension {

// The default of an argument, for torch.
template <class T>
c10::IValue default_of(const T& value) {
  if constexpr (std::is_same_v<T, std::nullopt_t>) {
    return c10::IValue();
  } else if constexpr (std::is_convertible_v<const T&, std::string>) {
    return std::string(value);
  } else {
    static_assert(Value<T>::known, "kbk: the default of this argument has a type that Python cannot pass");
    if constexpr (Value<T>::known) return Value<T>::to(value);
  }
}

}  // namespace kbk::extension

namespace pybind11 {

struct none {};
struct arg {
  explicit constexpr arg(const char* the_name) : name(the_name) {}
  arg& noconvert(bool = true) { return *this; }
  struct with_default {
    std::string name;
    c10::IValue value;
  };
  template <class T>
  with_default operator=(const T& value) const {  // NOLINT
    if constexpr (std::is_same_v<T, none>) {
      return {name, c10::IValue()};
    } else {
      return {name, ::kbk::extension::default_of(value)};
    }
  }
  const char* name;
};
inline namespace literals {
constexpr arg operator""_a(const char* name, size_t) { return arg(name); }
}  // namespace literals

struct kw_only {};  // what follows is given by name
struct pos_only {};

// Exceptions that become Python's of that name.
struct value_error : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
struct index_error : std::out_of_range {
  using std::out_of_range::out_of_range;
};
struct type_error : c10::TypeError {
  explicit type_error(const std::string& text) : c10::TypeError({"", "", 0}, text) {}
};

struct gil_scoped_release {};
struct gil_scoped_acquire {};
template <class... Guards>
struct call_guard {};
enum class return_value_policy { automatic, automatic_reference, take_ownership, copy, move, reference, reference_internal };

struct module_ {
  std::string& doc() { return ::kbk::extension::docs()[""]; }

  // Calls of several of them in one statement; lambdas without captures count as functions.
  template <class F, class... Extra>
  module_& def(const char* name, F&& function, const Extra&... extra) {
    std::vector<::kbk::extension::ParameterName> names;
    (take(name, names, extra), ...);
    ::kbk::extension::bind(name, pointer(std::forward<F>(function)), names);
    return *this;
  }

 private:
  template <class R, class... P>
  static auto pointer(R (*function)(P...)) {
    return function;
  }
  template <class F>
  static auto pointer(F&& lambda) -> decltype(+lambda) {
    return +lambda;
  }
  static void take(const char*, std::vector<::kbk::extension::ParameterName>& names, const arg& each) {
    add(names, {each.name});
  }
  static void take(const char*, std::vector<::kbk::extension::ParameterName>& names, const arg::with_default& each) {
    add(names, {each.name, "", each.value});
  }
  static void take(const char* name, std::vector<::kbk::extension::ParameterName>&, const char* doc) {
    ::kbk::extension::docs()[name] = doc;
  }
  static void take(const char*, std::vector<::kbk::extension::ParameterName>& names, kw_only) { names.push_back({"*"}); }
  static void take(const char*, std::vector<::kbk::extension::ParameterName>&, pos_only) {}
  static void add(std::vector<::kbk::extension::ParameterName>& names, ::kbk::extension::ParameterName name) {
    if (!names.empty() && names.back().name == "*") {
      names.pop_back();
      name.keyword_only = true;
    } else if (!names.empty()) {
      name.keyword_only = names.back().keyword_only;
    }
    names.push_back(std::move(name));
  }
  template <class... Guards>
  static void take(const char*, std::vector<::kbk::extension::ParameterName>&, const call_guard<Guards...>&) {}
  static void take(const char*, std::vector<::kbk::extension::ParameterName>&, return_value_policy) {}
};
using module = module_;

}  // namespace pybind11
namespace py = pybind11;

#define KBK_PYTHON_MODULE(m, id)                                                                               \
  static void KBK_JOIN(kbk_module_, id)(::pybind11::module_&);                                                 \
  [[maybe_unused]] static const bool KBK_JOIN(kbk_module_is_kept_, id) = [] {                                  \
    ::pybind11::module_ module;                                                                                \
    KBK_JOIN(kbk_module_, id)(module);                                                                         \
    return true;                                                                                               \
  }();                                                                                                         \
  void KBK_JOIN(kbk_module_, id)([[maybe_unused]] ::pybind11::module_ & m)
#define PYBIND11_MODULE(name, m, ...) KBK_PYTHON_MODULE(m, __COUNTER__)
