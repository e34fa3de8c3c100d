// Stands for torch's <c10/cuda/CUDAGuard.h>: guards of the one simulated device, which refuse every other, and of the current stream.
#pragma once

#include <c10/cuda/CUDAStream.h>

#include <optional>
#include <utility>
#include <vector>

namespace c10::cuda {

class CUDAGuard {
 public:
  explicit CUDAGuard() = delete;
  explicit CUDAGuard(DeviceIndex index) { set_index(index); }
  explicit CUDAGuard(Device device) { set_device(device); }
  CUDAGuard(const CUDAGuard&) = delete;
  CUDAGuard& operator=(const CUDAGuard&) = delete;
  ~CUDAGuard() {}

  void set_device(Device device) { kbk::torch_shim::require_simulated("CUDAGuard", device); }
  void reset_device(Device device) { set_device(device); }
  void set_index(DeviceIndex index) { kbk::torch_shim::require_simulated("CUDAGuard", index); }
  Device original_device() const { return Device(DeviceType::CPU, 0); }
  Device current_device() const { return Device(DeviceType::CPU, 0); }
};

class OptionalCUDAGuard {
 public:
  explicit OptionalCUDAGuard() {}
  explicit OptionalCUDAGuard(std::optional<Device> device) {
    if (device) set_device(*device);
  }
  explicit OptionalCUDAGuard(std::optional<DeviceIndex> index) {
    if (index) set_index(*index);
  }
  OptionalCUDAGuard(const OptionalCUDAGuard&) = delete;
  OptionalCUDAGuard& operator=(const OptionalCUDAGuard&) = delete;
  ~OptionalCUDAGuard() {}

  void set_device(Device device) {
    kbk::torch_shim::require_simulated("OptionalCUDAGuard", device);
    set_ = true;
  }
  void reset_device(Device device) { set_device(device); }
  void set_index(DeviceIndex index) {
    kbk::torch_shim::require_simulated("OptionalCUDAGuard", index);
    set_ = true;
  }
  std::optional<Device> original_device() const { return current_device(); }
  std::optional<Device> current_device() const {
    return set_ ? std::optional<Device>(Device(DeviceType::CPU, 0)) : std::nullopt;
  }
  void reset() { set_ = false; }

 private:
  bool set_ = false;
};

class CUDAStreamGuard {
 public:
  explicit CUDAStreamGuard() = delete;
  explicit CUDAStreamGuard(Stream stream) : original_(getCurrentCUDAStream()) { reset_stream(stream); }
  CUDAStreamGuard(const CUDAStreamGuard&) = delete;
  CUDAStreamGuard& operator=(const CUDAStreamGuard&) = delete;
  ~CUDAStreamGuard() { setCurrentCUDAStream(original_); }

  void reset_stream(Stream stream) { setCurrentCUDAStream(CUDAStream(stream)); }
  CUDAStream original_stream() const { return original_; }
  CUDAStream current_stream() const { return getCurrentCUDAStream(); }
  Device current_device() const { return Device(DeviceType::CPU, 0); }
  Device original_device() const { return Device(DeviceType::CPU, 0); }

 private:
  CUDAStream original_;
};

class OptionalCUDAStreamGuard {
 public:
  explicit OptionalCUDAStreamGuard() {}
  explicit OptionalCUDAStreamGuard(Stream stream) { guard_.emplace(stream); }
  explicit OptionalCUDAStreamGuard(std::optional<Stream> stream) {
    if (stream) guard_.emplace(*stream);
  }
  void reset_stream(Stream stream) {
    if (guard_)
      guard_->reset_stream(stream);
    else
      guard_.emplace(stream);
  }
  std::optional<CUDAStream> original_stream() const { return guard_ ? std::make_optional(guard_->original_stream()) : std::nullopt; }
  std::optional<CUDAStream> current_stream() const { return guard_ ? std::make_optional(guard_->current_stream()) : std::nullopt; }
  void reset() { guard_.reset(); }

 private:
  std::optional<CUDAStreamGuard> guard_;
};

// Of several devices the current stream of each; here it is the last one's.
class CUDAMultiStreamGuard {
 public:
  explicit CUDAMultiStreamGuard(ArrayRef<CUDAStream> streams) : original_(getCurrentCUDAStream()) {
    for (const CUDAStream& stream : streams) setCurrentCUDAStream(stream);
  }
  ~CUDAMultiStreamGuard() { setCurrentCUDAStream(original_); }

 private:
  CUDAStream original_;
};

}  // namespace c10::cuda
