// In a traced build: the runtime learns which of torch's memory the host function uses, and what of it was allocated without contents.
//
// The unit is linked with --wrap for the functions below (kbk/sim/compile_flags.py), so that calls to them come here.
#pragma once

#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/c/shim.h>
#include <torch/csrc/stable/library.h>

#include <cstdint>
#include <cstring>

#include <kbk_runtime.h>

namespace kbk::detail {

inline void watch_tensor(AtenTensorHandle tensor, void* data, bool empty) {
  int64_t bytes = 0, offset = 0;
  int32_t dtype = 0, device = 0;
  if (data == nullptr || aoti_torch_get_device_type(tensor, &device) != 0 || device != aoti_torch_device_type_cpu()) return;
  if (aoti_torch_get_storage_size(tensor, &bytes) != 0 || aoti_torch_get_storage_offset(tensor, &offset) != 0 ||
      aoti_torch_get_dtype(tensor, &dtype) != 0)
    return;
  const auto item = static_cast<int64_t>(aoti_torch_dtype_element_size(dtype));
  watch_storage(static_cast<char*>(data) - offset * item, static_cast<uint64_t>(bytes), dtype, static_cast<uint32_t>(item), empty);
}

inline bool is_empty(const char* name) {
  if (std::strncmp(name, "aten::", 6) == 0) name += 6;
  return std::strncmp(name, "empty", 5) == 0 || std::strncmp(name, "new_empty", 9) == 0;
}

}  // namespace kbk::detail

extern "C" {

AOTITorchError __real_aoti_torch_get_data_ptr(AtenTensorHandle tensor, void** data);
AOTITorchError __real_aoti_torch_call_dispatcher(const char* name, const char* overload, StableIValue* stack);

__attribute__((visibility("hidden"), used)) inline AOTITorchError __wrap_aoti_torch_get_data_ptr(AtenTensorHandle tensor, void** data) {
  const AOTITorchError error = __real_aoti_torch_get_data_ptr(tensor, data);
  if (error == 0) kbk::detail::watch_tensor(tensor, *data, false);
  return error;
}

#define KBK_AFTER_DISPATCH                                                                 \
  if (error == 0 && kbk::detail::is_empty(name)) {                                         \
    void* data = nullptr;                                                                  \
    const auto tensor = torch::stable::detail::to<AtenTensorHandle>(stack[0]);             \
    if (__real_aoti_torch_get_data_ptr(tensor, &data) == 0) kbk::detail::watch_tensor(tensor, data, true); \
  }                                                                                        \
  return error;

__attribute__((visibility("hidden"), used)) inline AOTITorchError __wrap_aoti_torch_call_dispatcher(const char* name, const char* overload,
                                                                                        StableIValue* stack) {
  const AOTITorchError error = __real_aoti_torch_call_dispatcher(name, overload, stack);
  KBK_AFTER_DISPATCH
}

#if TORCH_FEATURE_VERSION >= TORCH_VERSION_2_10_0
AOTITorchError __real_torch_call_dispatcher(const char* name, const char* overload, StableIValue* stack, uint64_t version);
AOTITorchError __real_torch_get_mutable_data_ptr(AtenTensorHandle tensor, void** data);
AOTITorchError __real_torch_get_const_data_ptr(AtenTensorHandle tensor, const void** data);

__attribute__((visibility("hidden"), used)) inline AOTITorchError __wrap_torch_call_dispatcher(const char* name, const char* overload,
                                                                                   StableIValue* stack, uint64_t version) {
  const AOTITorchError error = __real_torch_call_dispatcher(name, overload, stack, version);
  KBK_AFTER_DISPATCH
}
__attribute__((visibility("hidden"), used)) inline AOTITorchError __wrap_torch_get_mutable_data_ptr(AtenTensorHandle tensor, void** data) {
  const AOTITorchError error = __real_torch_get_mutable_data_ptr(tensor, data);
  if (error == 0) kbk::detail::watch_tensor(tensor, *data, false);
  return error;
}
__attribute__((visibility("hidden"), used)) inline AOTITorchError __wrap_torch_get_const_data_ptr(AtenTensorHandle tensor, const void** data) {
  const AOTITorchError error = __real_torch_get_const_data_ptr(tensor, data);
  if (error == 0) kbk::detail::watch_tensor(tensor, const_cast<void*>(*data), false);
  return error;
}
#endif
#undef KBK_AFTER_DISPATCH
}
