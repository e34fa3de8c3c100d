// KBK_CHECK(condition, parts...): refuses an argument. Python raises kbk.errors.ArgumentError with the joined parts.
//
//   KBK_CHECK(x.dim() == 2, "x must have 2 dimensions, got ", x.dim());
//
// Parts are text, numbers, bools, dtypes, devices and shapes; no <iostream>, which would double a small unit's code.
#pragma once

#include <torch/csrc/stable/device.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/HeaderOnlyArrayRef.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace kbk::detail {

// Python cuts these words off and picks the class of the exception by them.
constexpr const char* kArgumentError = "kbk.ArgumentError: ";
constexpr const char* kLaunchError = "kbk.LaunchError: ";

// The name torch's Python side gives a dtype.
inline const char* dtype_name(torch::headeronly::ScalarType type) {
  using torch::headeronly::ScalarType;
  switch (type) {
    case ScalarType::Byte: return "uint8";
    case ScalarType::Char: return "int8";
    case ScalarType::Short: return "int16";
    case ScalarType::Int: return "int32";
    case ScalarType::Long: return "int64";
    case ScalarType::UInt16: return "uint16";
    case ScalarType::UInt32: return "uint32";
    case ScalarType::UInt64: return "uint64";
    case ScalarType::Half: return "float16";
    case ScalarType::Float: return "float32";
    case ScalarType::Double: return "float64";
    case ScalarType::BFloat16: return "bfloat16";
    case ScalarType::Bool: return "bool";
    case ScalarType::Float8_e4m3fn: return "float8_e4m3fn";
    case ScalarType::Float8_e5m2: return "float8_e5m2";
    default: return torch::headeronly::toString(type);
  }
}

inline void put(std::string& out, const char* text) { out += text; }
inline void put(std::string& out, const std::string& text) { out += text; }
inline void put(std::string& out, char c) { out += c; }
inline void put(std::string& out, bool value) { out += value ? "true" : "false"; }
inline void put(std::string& out, torch::headeronly::ScalarType type) { out += dtype_name(type); }

inline void put(std::string& out, double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", value);
  out += digits;
}

template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
void put(std::string& out, T value) {
  out += std::to_string(value);
}

inline void put(std::string& out, torch::headeronly::IntHeaderOnlyArrayRef shape) {
  out += '[';
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i) out += ", ";
    out += std::to_string(shape[i]);
  }
  out += ']';
}

inline void put(std::string& out, const torch::stable::Device& device) {
  if (device.is_cpu()) {
    out += "cpu";
  } else {
    out += device.is_cuda() ? "cuda:" : "device:";
    out += std::to_string(device.index());
  }
}

[[noreturn]] inline void refuse(const std::string& message) {
  throw std::runtime_error(kArgumentError + message);
}

template <class... Parts>
[[noreturn]] void check_failed(const char* condition, const Parts&... parts) {
  std::string message;
  (put(message, parts), ...);
  if (sizeof...(Parts) == 0) message = std::string(condition) + " must hold";
  refuse(message);
}

}  // namespace kbk::detail

#define KBK_CHECK(condition, ...)                                  \
  do {                                                             \
    if (!(condition)) {                                            \
      ::kbk::detail::check_failed(#condition, ##__VA_ARGS__);      \
    }                                                              \
  } while (0)
