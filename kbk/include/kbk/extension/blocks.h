// TORCH_LIBRARY and its relatives: kept until Python asks, then registered in a namespace of this build's own.
//
// torch's macros register while the library loads, under the name in the source: the second build of a source in a process, an
// edited or a traced one, would be refused, or worse, the first one would go on running.
#pragma once

#include <torch/library.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kbk::extension {

using Prefix = const std::string&;

// What is to be registered, in the order of the source. One list a library: everything here has hidden visibility.
inline std::vector<std::function<void(Prefix)>>& registrations() {
  static std::vector<std::function<void(Prefix)>> list;
  return list;
}

// The libraries that hold the registrations while the process lives.
inline std::vector<std::unique_ptr<torch::Library>>& libraries() {
  static std::vector<std::unique_ptr<torch::Library>> list;
  return list;
}

// Namespaces of the source, as it spells them.
inline std::set<std::string>& namespaces() {
  static std::set<std::string> names;
  return names;
}

inline std::string full_name(Prefix prefix, const std::string& space) { return prefix + "__" + space; }

inline bool add_block(torch::Library::Kind kind, const char* space, std::optional<c10::DispatchKey> key,
                      void (*block)(torch::Library&), const char* file, uint32_t line) {
  registrations().push_back([=](Prefix prefix) {
    namespaces().insert(space);
    libraries().push_back(std::make_unique<torch::Library>(kind, full_name(prefix, space), key, file, line));
    block(*libraries().back());
  });
  return true;
}

}  // namespace kbk::extension

#undef TORCH_LIBRARY
#undef TORCH_LIBRARY_FRAGMENT
#undef TORCH_LIBRARY_IMPL
#define KBK_JOIN_(a, b) a##b
#define KBK_JOIN(a, b) KBK_JOIN_(a, b)
#define KBK_BLOCK(kind, ns, key, m, id)                                                                                      \
  static void KBK_JOIN(kbk_block_, id)(torch::Library&);                                                                     \
  [[maybe_unused]] static const bool KBK_JOIN(kbk_block_is_kept_, id) =                                                      \
      ::kbk::extension::add_block(torch::Library::kind, #ns, key, &KBK_JOIN(kbk_block_, id), __FILE__, __LINE__);            \
  void KBK_JOIN(kbk_block_, id)([[maybe_unused]] torch::Library & m)
// A fragment each, so that several files of one unit, or a FRAGMENT before its LIBRARY, may stand in any order.
#define TORCH_LIBRARY(ns, m) KBK_BLOCK(FRAGMENT, ns, std::nullopt, m, __COUNTER__)
#define TORCH_LIBRARY_FRAGMENT(ns, m) KBK_BLOCK(FRAGMENT, ns, std::nullopt, m, __COUNTER__)
#define TORCH_LIBRARY_IMPL(ns, k, m) KBK_BLOCK(IMPL, ns, std::make_optional(c10::DispatchKey::k), m, __COUNTER__)

// Once in each unit, after everything: what Python calls.
#define KBK_EXTENSION_API extern "C" __attribute__((visibility("default"), used))
#define KBK_EXTENSION_ENTRY                                                                           \
  KBK_EXTENSION_API const char* kbk_register(const char* prefix) {                                    \
    static std::string problem;                                                                       \
    try {                                                                                             \
      for (const auto& each : ::kbk::extension::registrations()) each(prefix);                        \
    } catch (const std::exception& error) {                                                           \
      problem = error.what();                                                                         \
      return problem.c_str();                                                                         \
    }                                                                                                 \
    return nullptr;                                                                                   \
  }                                                                                                   \
  KBK_EXTENSION_API const char* kbk_namespaces() {                                                    \
    static std::string text;                                                                          \
    text.clear();                                                                                     \
    for (const auto& each : ::kbk::extension::namespaces()) text += each + "\n";                      \
    return text.c_str();                                                                              \
  }                                                                                                   \
  KBK_EXTENSION_API const char* kbk_failed_launch(const char* function) {                             \
    return ::kbk::extension::failed_launch(function);                                                 \
  }
