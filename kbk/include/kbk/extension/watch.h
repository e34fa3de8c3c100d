// In a traced build: the runtime learns which memory torch allocates while the host function runs, and what of it has no contents.
#pragma once

#include <ATen/record_function.h>

#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <kbk_runtime.h>

#include <kbk/extension/blocks.h>

namespace kbk::extension {

inline bool allocates_without_contents(const char* name) {
  if (std::strncmp(name, "aten::", 6) == 0) name += 6;
  return std::strncmp(name, "empty", 5) == 0 || std::strncmp(name, "new_empty", 9) == 0;
}

using WeakStorage = c10::weak_intrusive_ptr<c10::StorageImpl>;

// Memory that host functions have asked for: a static tensor of theirs outlives the call that made it.
struct Known {
  WeakStorage storage;
  int dtype;
  uint32_t item;
};
inline std::vector<Known>& known() {
  static thread_local std::vector<Known> each;
  return each;
}

inline void watch(const at::Tensor& tensor, bool empty) {
  if (!tensor.defined() || !tensor.device().is_cpu() || tensor.layout() != at::kStrided || !tensor.has_storage()) return;
  const auto& storage = tensor.storage();
  known().push_back({storage.getWeakStorageImpl(), static_cast<int>(tensor.scalar_type()), static_cast<uint32_t>(tensor.element_size())});
  ::kbk::watch_storage(storage.mutable_data(), storage.nbytes(), static_cast<int>(tensor.scalar_type()),
                       static_cast<uint32_t>(tensor.element_size()), empty);
}

// An operation that allocates calls others that do, and each ends with the same memory: only the first tells of it.
inline std::optional<WeakStorage>& last_told() {
  static thread_local std::optional<WeakStorage> storage;
  return storage;
}

inline bool is_told(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return true;
  const auto last = last_told() ? last_told()->lock() : c10::intrusive_ptr<c10::StorageImpl>();
  if (last && last.get() == tensor.storage().unsafeGetStorageImpl()) return true;
  last_told().emplace(tensor.storage().getWeakStorageImpl());
  return false;
}

// After each operation of torch: what it returned is memory that the kernels may use; what it wrote has contents.
inline void after(const at::RecordFunction& function, at::ObserverContext*) {
  const auto schema = function.operator_schema();
  if (!schema || std::strncmp(function.name(), "aten::", 6) != 0) return;
  const bool empty = allocates_without_contents(function.name());
  size_t index = 0;
  for (const c10::IValue& output : function.outputs()) {
    const c10::AliasInfo* alias = index < schema->returns().size() ? schema->returns()[index].alias_info() : nullptr;
    const bool written = !empty && (alias == nullptr || alias->isWrite());
    ++index;
    if (output.isTensor()) {
      if (!empty || !is_told(output.toTensor())) watch(output.toTensor(), empty);
      if (written && output.toTensor().has_storage()) ::kbk::watch_contents(output.toTensor().storage().mutable_data());
    } else if (output.isTensorList()) {
      for (const at::Tensor& each : output.toTensorVector()) watch(each, false);
    }
  }
}

// What earlier calls made and somebody still holds, each once.
inline void watch_known() {
  std::vector<Known> living;
  std::set<const void*> seen;
  for (Known& each : known()) {
    const auto storage = each.storage.lock();
    if (!storage || !seen.insert(storage.get()).second) continue;
    ::kbk::watch_storage(storage->mutable_data(), storage->nbytes(), each.dtype, each.item, false);
    living.push_back(std::move(each));
  }
  known() = std::move(living);
}

inline at::CallbackHandle& watching() {
  static thread_local at::CallbackHandle handle = 0;
  return handle;
}

}  // namespace kbk::extension

#define KBK_EXTENSION_WATCH                                                                                              \
  KBK_EXTENSION_API void kbk_watch(int on) {                                                                             \
    auto& handle = ::kbk::extension::watching();                                                                         \
    ::kbk::extension::last_told().reset();                                                                               \
    if (on) ::kbk::extension::watch_known();                                                                             \
    if (on && handle == 0) {                                                                                             \
      handle = at::addThreadLocalCallback(                                                                               \
          at::RecordFunctionCallback([](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> { return nullptr; }, \
                                     &::kbk::extension::after)                                                           \
              .needsOutputs(true)                                                                                        \
              .scopes({at::RecordScope::FUNCTION}));                                                                     \
    } else if (!on && handle != 0) {                                                                                     \
      at::removeCallback(handle);                                                                                        \
      handle = 0;                                                                                                        \
    }                                                                                                                    \
  }
