// On the simulator the tensors of a call are copied into guarded memory for its time: a kernel that leaves a tensor is ended, with
// its line, before it can damage the process, and what a failed call wrote is dropped.
#pragma once

#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <kbk/check.h>
#include <kbk/tensor.h>

namespace kbk::detail {

// One call of a host function.
class Guarded {
 public:
  Guarded() { call_begin(); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() {
    for (const Region& region : regions_) guarded_give(region.copy);
    call_end();
  }

  // First for every argument: which storages there are, and which of them may be written.
  void note(const Tensor& tensor, bool written, int argument) {
    char* storage = nullptr;
    const int64_t bytes = storage_of(tensor, &storage);
    if (bytes <= 0 || bytes > kMostGuarded) return;
    for (Region& region : regions_)
      if (region.original == storage) {
        region.written = region.written || written;
        return;
      }
    char* copy = guarded_take(storage, static_cast<size_t>(bytes), argument);
    if (copy != nullptr) regions_.push_back({storage, copy, bytes, written});
  }
  void note(const std::optional<Tensor>& tensor, bool written, int argument) {
    if (tensor) note(*tensor, written, argument);
  }
  template <class T>
  void note(const T&, bool, int) {}

  void seal() {
    for (const Region& region : regions_)
      if (!region.written) guarded_read_only(region.copy);
  }

  // Then for every argument: the tensor that the host function gets in its place.
  void move(Tensor& tensor) const {
    char* storage = nullptr;
    storage_of(tensor, &storage);
    for (const Region& region : regions_)
      if (region.original == storage) {
        AtenTensorHandle handle = nullptr;
        int32_t dtype = 0;
        check(aoti_torch_get_dtype(tensor.get(), &dtype));
        check(aoti_torch_create_tensor_from_blob(region.copy, tensor.dim(), tensor.sizes().data(), tensor.strides().data(),
                                                 tensor.storage_offset(), dtype, aoti_torch_device_type_cpu(), 0, &handle));
        tensor = Tensor(handle);
        return;
      }
  }
  void move(std::optional<Tensor>& tensor) const {
    if (tensor) move(*tensor);
  }
  void move(HostTensor&) const {}
  template <class T>
  void move(T&) const {}

  // After the call: nothing beside a tensor may have changed; what was written goes to the tensors of the caller.
  void finish() const {
    char text[256];
    for (const Region& region : regions_)
      if (guarded_damage(region.copy, text, sizeof text)) throw std::runtime_error(std::string(kLaunchError) + text);
    for (const Region& region : regions_)
      if (region.written) std::memcpy(region.original, region.copy, static_cast<size_t>(region.bytes));
  }

  void refuse_alias(const Tensor& result) const {
    const char* at = static_cast<const char*>(result.data_ptr());
    for (const Region& region : regions_)
      if (at >= region.copy && at < region.copy + region.bytes)
        throw std::runtime_error(std::string(kArgumentError) +
                                 "a host function must return new tensors; it returned one of its arguments");
  }
  template <class... R>
  void refuse_alias(const std::tuple<R...>& results) const {
    std::apply([this](const auto&... each) { (refuse_alias(each), ...); }, results);
  }

 private:
  struct Region {
    char* original;
    char* copy;
    int64_t bytes;
    bool written;
  };
  static constexpr int64_t kMostGuarded = int64_t{64} << 20;  // larger storages are used where they are

  static void check(AOTITorchError status) {
    if (status != 0) throw std::runtime_error("kbk: torch refused a view of guarded memory");
  }

  static int64_t storage_of(const Tensor& tensor, char** storage) {
    int64_t bytes = 0;
    if (!tensor.defined() || !tensor.is_cpu() || tensor.numel() == 0) return 0;
    check(aoti_torch_get_storage_size(tensor.get(), &bytes));
    *storage = static_cast<char*>(tensor.data_ptr()) - tensor.storage_offset() * static_cast<int64_t>(tensor.element_size());
    return bytes;
  }

  std::vector<Region> regions_;
};

}  // namespace kbk::detail
