// PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("name", &function, "doc", py::arg("x"), py::arg("eps") = 1e-5); }
//
// Functions become ops, as those of `functions=`: no Python header is needed and a traced build can stand beside the plain one.
// Classes, submodules and Python objects are not there (kbk/sim/translate/unsupported.py names them).
#pragma once

#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <kbk/extension/function.h>

namespace kbk::extension {

inline std::string literal(bool value) { return value ? "True" : "False"; }
inline std::string literal(std::nullopt_t) { return "None"; }
inline std::string literal(const char* value) { return "\"" + std::string(value) + "\""; }
inline std::string literal(const std::string& value) { return literal(value.c_str()); }
template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
std::string literal(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g", static_cast<double>(value));
    const std::string text = digits;
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  } else {
    return std::to_string(value);
  }
}
template <class T>
std::string literal(const std::optional<T>& value) {
  return value ? literal(*value) : "None";
}

// Docstrings by function; Python reads them.
inline std::map<std::string, std::string>& docs() {
  static std::map<std::string, std::string> texts;
  return texts;
}

}  // namespace kbk::extension

namespace pybind11 {

struct none {};
struct arg {
  explicit constexpr arg(const char* the_name) : name(the_name) {}
  arg& noconvert(bool = true) { return *this; }
  struct with_default {
    std::string name, value;
  };
  template <class T>
  with_default operator=(const T& value) const {  // NOLINT
    if constexpr (std::is_same_v<T, none>) {
      return {name, "None"};
    } else {
      return {name, ::kbk::extension::literal(value)};
    }
  }
  const char* name;
};
inline namespace literals {
constexpr arg operator""_a(const char* name, size_t) { return arg(name); }
}  // namespace literals

struct gil_scoped_release {};
struct gil_scoped_acquire {};
template <class... Guards>
struct call_guard {};
enum class return_value_policy { automatic, automatic_reference, take_ownership, copy, move, reference, reference_internal };

struct module_ {
  std::string text;
  std::string& doc() { return text; }

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
    names.push_back({each.name, ""});
  }
  static void take(const char*, std::vector<::kbk::extension::ParameterName>& names, const arg::with_default& each) {
    names.push_back({each.name, each.value});
  }
  static void take(const char* name, std::vector<::kbk::extension::ParameterName>&, const char* doc) {
    ::kbk::extension::docs()[name] = doc;
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
