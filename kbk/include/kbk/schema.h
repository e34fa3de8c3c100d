// The torch schema of a host function: types from its C++ type, names and defaults from the text (given by Python).
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <kbk/signature.h>

namespace kbk::detail {

// A parameter as the text has it; `fallback` is its default in torch's spelling, or "".
struct Text {
  const char* name;
  const char* fallback;
};

template <class R>
struct ResultText {
  static std::string get() { return "Tensor"; }
};
template <>
struct ResultText<void> {
  static std::string get() { return "()"; }
};
template <class... R>
struct ResultText<std::tuple<R...>> {
  static std::string get() {
    std::string text = "(";
    for (size_t i = 0; i < sizeof...(R); ++i) text += i ? ", Tensor" : "Tensor";
    return text + ")";
  }
};

// A parameter with its type's part of the schema.
struct Entry {
  std::string name;
  std::string fallback;
  const char* kind;
  const char* before;
  const char* after;
  bool written;

  // Torch takes a literal of the parameter's own type; any other default leaves the argument required.
  bool has_default() const {
    const std::string type = kind;
    if (fallback.empty() || type == "tensor" || type == "host") return false;
    if (type == "optional") return fallback == "None";
    const bool is_bool = fallback == "True" || fallback == "False";
    const bool is_number = !is_bool && fallback != "None";
    if (type == "bool") return is_bool;
    return is_number && (type == "float" || fallback.find_first_of(".e") == std::string::npos);
  }
};

template <class T>
Entry entry(std::string name, std::string fallback) {
  return {std::move(name), std::move(fallback), Type<T>::kKind, Type<T>::kBefore, Type<T>::kAfter, Type<T>::kWritten};
}

template <class Tuple, size_t... I>
std::vector<Entry> entries(const std::vector<Text>& texts, std::index_sequence<I...>) {
  // Where the text could not be read (a macro made the function), parameters go by their position.
  const bool named = texts.size() == sizeof...(I);
  std::vector<Entry> all{entry<std::tuple_element_t<I, Tuple>>(
      named && texts[I].name[0] ? std::string(texts[I].name) : "arg" + std::to_string(I),
      named ? std::string(texts[I].fallback) : std::string())...};
  bool trailing = true;  // as in Python, no required argument after an optional one
  for (size_t i = all.size(); i-- > 0;) {
    trailing = trailing && all[i].has_default();
    if (!trailing) all[i].fallback.clear();
  }
  return all;
}

// Two lines: "scale(Tensor(a!) out, Tensor x, float a) -> ()" and "out:tensor x:tensor a:float".
template <class F>
std::string schema(const char* function, const std::vector<Text>& texts) {
  using Parameters = typename Signature<F>::Parameters;
  std::string parameters, kinds;
  char alias = 'a';
  for (const Entry& each :
       entries<Parameters>(texts, std::make_index_sequence<std::tuple_size_v<Parameters>>())) {
    if (!parameters.empty()) {
      parameters += ", ";
      kinds += ' ';
    }
    parameters += each.before;
    if (each.written) parameters += std::string("(") + alias++ + "!)";
    parameters += each.after + (' ' + each.name);
    if (!each.fallback.empty()) parameters += '=' + each.fallback;
    kinds += each.name + ':' + each.kind;
  }
  return std::string(function) + "(" + parameters + ") -> " + ResultText<typename Signature<F>::Result>::get() +
         "\n" + kinds;
}

}  // namespace kbk::detail
