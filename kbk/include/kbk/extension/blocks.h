// TORCH_LIBRARY and its relatives: kept until Python asks, then registered in a namespace of this build's own.
//
// torch's macros register while the library loads, under the name in the source: the second build of a source in a process, an
// edited or a traced one, would be refused, or worse, the first one would go on running.
#pragma once

#include <torch/library.h>

#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kbk::extension {

using Prefix = const std::string&;

// What is to be registered, in the order of the source. One list a library: everything here has hidden visibility.
inline std::vector<std::function<void(Prefix)>>& registrations() {
  static std::vector<std::function<void(Prefix)>> list;
  return list;
}

inline std::vector<std::function<void(Prefix)>>& late_registrations() {
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

// Docstrings by function; the module's own is that of "".
inline std::map<std::string, std::string>& docs() {
  static std::map<std::string, std::string> texts;
  return texts;
}

inline std::string full_name(Prefix prefix, const std::string& space) { return prefix + "__" + space; }

// The key of a block on this machine: the simulated device is torch's CPU.
inline std::optional<c10::DispatchKey> key_here(std::optional<c10::DispatchKey> key) {
#ifdef KBK_SIM
  if (key == c10::DispatchKey::CUDA) return c10::DispatchKey::CPU;
  if (key == c10::DispatchKey::AutogradCUDA) return c10::DispatchKey::AutogradCPU;
  if (key == c10::DispatchKey::AutocastCUDA) return c10::DispatchKey::AutocastCPU;
#endif
  return key;
}

// What the body of a block calls `m`: torch::Library, which may not be inherited from. Two things differ. A name may have the
// source's namespace in front, "ops::scale", as torch allows. And where a source has an op for the device and for the CPU, which
// are one here, the device's stays.
class Block {
 public:
  Block(torch::Library::Kind kind, Prefix prefix, const char* space, std::optional<c10::DispatchKey> key, const char* file, uint32_t line)
      : space_(space), key_(key), library_(std::make_unique<torch::Library>(kind, full_name(prefix, space), key_here(key), file, line)) {}

  operator torch::Library&() { return *library_; }  // NOLINT
  std::unique_ptr<torch::Library> library() && { return std::move(library_); }

  template <class Schema>
  Block& def(Schema&& schema, const std::vector<at::Tag>& tags = {}) {
    library_->def(own(std::forward<Schema>(schema)), tags);
    return *this;
  }
  template <class Name, class F, std::enable_if_t<!std::is_same_v<std::decay_t<F>, std::vector<at::Tag>>, int> = 0>
  Block& def(Name&& name, F&& function, const std::vector<at::Tag>& tags = {}) {
    library_->def(own(std::forward<Name>(name)), std::forward<F>(function), tags);
    return *this;
  }
  template <class Name, class F>
  Block& impl(Name&& name, F&& function) {
    if (is_first(own(name))) library_->impl(own(std::forward<Name>(name)), std::forward<F>(function));
    return *this;
  }
  template <class Name, class Key, class F>
  Block& impl(Name&& name, Key&& key, F&& function) {
    library_->impl(own(std::forward<Name>(name)), std::forward<Key>(key), std::forward<F>(function));
    return *this;
  }
  template <class F>
  Block& fallback(F&& function) {
    library_->fallback(std::forward<F>(function));
    return *this;
  }

  template <class... Words>
  Block& set_python_module(Words&&...) {
    return *this;
  }
  template <class... Words>
  Block& impl_abstract_pystub(Words&&...) {
    return *this;
  }

 private:
  const char* own(const std::string& name) {
    const std::string written = space_ + "::";
    names_.push_back(name.rfind(written, 0) == 0 ? name.substr(written.size()) : name);
    return names_.back().c_str();
  }
  const char* own(const char* name) { return own(std::string(name)); }
  template <class T, std::enable_if_t<!std::is_convertible_v<T, std::string>, int> = 0>
  static T&& own(T&& other) {
    return std::forward<T>(other);
  }

  bool is_first(const char* name) {
    static std::set<std::string> device;
    const std::string full = space_ + "::" + name;
    if (key_ == c10::DispatchKey::CUDA) device.insert(full);
    return key_ != c10::DispatchKey::CPU || key_here(c10::DispatchKey::CUDA) != c10::DispatchKey::CPU || !device.count(full);
  }
  template <class T, std::enable_if_t<!std::is_convertible_v<T, std::string>, int> = 0>
  static bool is_first(T&&) {
    return true;
  }

  std::string space_;
  std::optional<c10::DispatchKey> key_;
  std::unique_ptr<torch::Library> library_;
  std::list<std::string> names_;
};

inline bool add_block(torch::Library::Kind kind, const char* space, std::optional<c10::DispatchKey> key, void (*block)(Block&),
                      const char* file, uint32_t line) {
  auto run = [=](Prefix prefix) {
    namespaces().insert(space);
    Block here(kind, prefix, space, key, file, line);
    block(here);
    libraries().push_back(std::move(here).library());
  };
  // Those for the CPU last, when it is known what there is for the device.
  (key == c10::DispatchKey::CPU ? late_registrations() : registrations()).push_back(run);
  return true;
}

}  // namespace kbk::extension

#undef TORCH_LIBRARY
#undef TORCH_LIBRARY_FRAGMENT
#undef TORCH_LIBRARY_IMPL
#define KBK_JOIN_(a, b) a##b
#define KBK_JOIN(a, b) KBK_JOIN_(a, b)
#define KBK_BLOCK(kind, ns, key, m, id)                                                                                      \
  static void KBK_JOIN(kbk_block_, id)(::kbk::extension::Block&);                                                                    \
  [[maybe_unused]] static const bool KBK_JOIN(kbk_block_is_kept_, id) =                                                      \
      ::kbk::extension::add_block(torch::Library::kind, #ns, key, &KBK_JOIN(kbk_block_, id), __FILE__, __LINE__);            \
  void KBK_JOIN(kbk_block_, id)([[maybe_unused]] ::kbk::extension::Block & m)
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
      for (const auto& each : ::kbk::extension::late_registrations()) each(prefix);                   \
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
  }                                                                                                   \
  KBK_EXTENSION_API void kbk_unregister() { ::kbk::extension::libraries().clear(); }                  \
  KBK_EXTENSION_API const char* kbk_thrown() {                                                        \
    static thread_local std::string text;                                                             \
    text.swap(::kbk::extension::thrown());                                                            \
    ::kbk::extension::thrown().clear();                                                               \
    return text.empty() ? nullptr : text.c_str();                                                     \
  }                                                                                                   \
  KBK_EXTENSION_API const char* kbk_doc(const char* function) {                                       \
    return ::kbk::extension::docs()[function].c_str();                                                \
  }
