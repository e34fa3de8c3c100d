// The little JSON that the runtime writes for Python.
#pragma once

#include <cstdint>
#include <string>

#include "state.h"

namespace kbk {

inline std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += ' ';
    else
      out += c;
  }
  return out + "\"";
}

inline std::string json_triple(std::uint64_t packed) {
  return "[" + std::to_string(unpack_x(packed)) + "," + std::to_string(unpack_y(packed)) + "," +
         std::to_string(unpack_z(packed)) + "]";
}

}  // namespace kbk
