// A host function as a torch op: KBK_BIND(scale, {"out", ""}, {"a", "1.0"}) names its parameters, and their defaults.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>
#include <torch/library.h>

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <kbk/extension/blocks.h>
#include <kbk/extension/thrown.h>
#include <kbk/extension/values.h>

namespace kbk::extension {

struct ParameterName {
  std::string name;
  std::string default_value = "";  // as torch's schema spells it; "" means none
  std::optional<c10::IValue> value = std::nullopt;  // the default, where the source has a value and no text
  bool keyword_only = false;

  bool has_default() const { return value || !default_value.empty(); }
};

// Functions of `functions=` and PYBIND11_MODULE live in this namespace of the build.
constexpr const char* kFunctions = "functions";

// What the launches of a host function left behind in the CUDA runtime; nullptr if nothing. The simulator also knows why.
inline const char* failed_launch(const char* function) {
  const cudaError_t status = cudaPeekAtLastError();
  if (status == cudaSuccess) return nullptr;
  (void)cudaGetLastError();
  static thread_local std::string message;
  message = std::string("a launch of ") + function + "() failed";
#ifdef KBK_SIM
  if (*::kbk::last_error_detail()) message = ::kbk::last_error_detail();
#endif
  message = "kbk.LaunchError: " + message + " (" + cudaGetErrorString(status) + ")";
  return message.c_str();
}

template <class T>
struct IsWritten : std::false_type {};  // const at::Tensor&, and lists
template <>
struct IsWritten<at::Tensor> : std::true_type {};
template <>
struct IsWritten<at::Tensor&> : std::true_type {};
template <>
struct IsWritten<std::optional<at::Tensor>> : std::true_type {};
template <>
struct IsWritten<std::optional<at::Tensor>&> : std::true_type {};

template <class R, class... P>
struct Kernel : c10::OperatorKernel {
  using Pointer = R (*)(P...);
  explicit Kernel(Pointer function) : function_(function) {}

  void operator()(const c10::OperatorHandle&, c10::DispatchKeySet, c10::Stack* stack) {
    const size_t below = stack->size() - sizeof...(P);
    if (returns([&] { call(*stack, std::index_sequence_for<P...>()); })) return;
    stack->resize(below);
    if constexpr (!std::is_void_v<R>) stack->resize(below + Results<Kept<R>>::count);  // None each
  }

  template <size_t... I>
  void call(c10::Stack& stack, std::index_sequence<I...>) {
    auto kept = std::tuple{unpack<P, I>(stack)...};
    stack.erase(stack.end() - static_cast<std::ptrdiff_t>(sizeof...(P)), stack.end());
    if constexpr (std::is_void_v<R>) {
      function_(static_cast<P>(std::get<I>(kept))...);
    } else {
      Results<Kept<R>>::push(stack, function_(static_cast<P>(std::get<I>(kept))...));
    }
  }

  template <class T, size_t index>
  static auto unpack(c10::Stack& stack) {
    try {
      return Value<Kept<T>>::from(std::move(stack[stack.size() - sizeof...(P) + index]));
    } catch (const std::runtime_error& error) {
      std::string text = error.what();
      const auto at = text.find('@');
      if (at == std::string::npos || text.rfind("kbk.", 0) != 0) throw;
      throw std::runtime_error(text.replace(at, 1, std::to_string(index)));
    }
  }

  Pointer function_;
};

// A parameter's name in Python, which keeps some words for itself.
inline std::string python_name(const std::string& name) {
  static const std::set<std::string> kept = {
      "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
      "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
      "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield"};
  return kept.count(name) ? name + "_" : name;
}

// A default as the parameter's type has it: py::arg("a") = 2 is 2.0 for a double.
inline c10::IValue fitted(const c10::Type& type, const c10::IValue& value) {
  if (const auto* optional = type.castRaw<c10::OptionalType>()) return value.isNone() ? value : fitted(*optional->getElementType(), value);
  if (type.kind() == c10::TypeKind::FloatType && value.isInt()) return static_cast<double>(value.toInt());
  if (type.kind() == c10::TypeKind::BoolType && value.isInt()) return value.toInt() != 0;
  if (type.kind() == c10::TypeKind::IntType && value.isBool()) return static_cast<int64_t>(value.toBool());
  return value;
}

template <class R, class... P>
c10::FunctionSchema schema_of(const std::string& name, const std::vector<ParameterName>& names) {
  const std::array<std::string, sizeof...(P)> types = {Value<Kept<P>>::schema(IsWritten<P>::value)...};
  // torch wants no required argument behind one that has a default.
  size_t first_default = sizeof...(P);
  while (first_default > 0 && first_default <= names.size() && names[first_default - 1].has_default()) --first_default;
  std::string text = name + "(";
  char letter = 'a';
  for (size_t i = 0; i < types.size(); ++i) {
    std::string type = types[i];
    const auto mark = type.find("(!)");
    if (mark != std::string::npos) type.replace(mark, 3, letter <= 'z' ? std::string("(") + letter++ + "!)" : "");
    text += (i ? ", " : "") + type + " arg" + std::to_string(i);
    if (i < names.size() && i >= first_default && !names[i].value) text += "=" + names[i].default_value;
  }
  if constexpr (std::is_void_v<R>) {
    text += ") -> ()";
  } else {
    text += ") -> " + Results<Kept<R>>::schema();
  }
  // Names and values that torch's text cannot spell: "from", infinity, a string with quotes.
  const c10::FunctionSchema parsed = torch::schema(text.c_str());
  std::vector<c10::Argument> arguments;
  for (size_t i = 0; i < sizeof...(P); ++i) {
    const c10::Argument& each = parsed.arguments()[i];
    const bool known = i < names.size();
    auto value = each.default_value();
    if (known && i >= first_default && names[i].value) value = fitted(*each.type(), *names[i].value);
    const auto alias = each.alias_info() ? std::optional<c10::AliasInfo>(*each.alias_info()) : std::nullopt;
    arguments.emplace_back(known && !names[i].name.empty() ? python_name(names[i].name) : each.name(), each.type(), each.real_type(),
                           each.N(), value, known && names[i].keyword_only, alias);
  }
  return parsed.cloneWithArguments(std::move(arguments));
}

// Names that are bound already.
inline std::set<std::string>& bound() {
  static std::set<std::string> names;
  return names;
}

template <class R>
constexpr bool result_is_known() {
  if constexpr (std::is_void_v<R>) {
    return true;
  } else {
    return Results<Kept<R>>::known;
  }
}

template <class R, class... P>
bool bind(const std::string& name, R (*function)(P...), std::vector<ParameterName> names, const std::string& = "") {
  static_assert((Value<Kept<P>>::known && ...),
                "kbk: a parameter of this function has a type that Python cannot pass: use Tensor, numbers, bool, std::string, "
                "at::ScalarType, at::Device, std::optional or std::vector of them");
  static_assert(result_is_known<R>(),
                "kbk: this function returns a type that Python cannot get: use void, Tensor, numbers, std::vector or std::tuple of them");
  if constexpr ((Value<Kept<P>>::known && ...) && result_is_known<R>()) {
    if (!bound().insert(name).second) return true;  // `functions` may name what the source binds itself
    registrations().push_back([name, function, names](Prefix prefix) {
      namespaces().insert(kFunctions);
      auto library = std::make_unique<torch::Library>(torch::Library::FRAGMENT, full_name(prefix, kFunctions), std::nullopt,
                                                      __FILE__, __LINE__);
      library->def(schema_of<R, P...>(name, names));
      // Composite: operations of torch in it are seen by autograd, as those of a function that pybind11 calls.
      library->impl(name.c_str(),
                    torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd,
                                    torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Kernel<R, P...>>(function))));
      libraries().push_back(std::move(library));
    });
  }
  return true;
}

}  // namespace kbk::extension

#define KBK_BIND(function, ...)                                                            \
  [[maybe_unused]] static const bool KBK_JOIN(kbk_bound_, __COUNTER__) =                   \
      ::kbk::extension::bind(#function, &::function, std::vector<::kbk::extension::ParameterName>{__VA_ARGS__});
