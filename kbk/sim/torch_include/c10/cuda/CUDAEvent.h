// Stands for torch's <c10/cuda/CUDAEvent.h>: an event holds the time at which it was recorded; what came before it has ended by then.
#pragma once

#include <c10/cuda/CUDAGuard.h>

#include <optional>
#include <utility>

namespace c10::cuda {

struct CUDAEvent {
  CUDAEvent() noexcept = default;
  CUDAEvent(unsigned flags) noexcept : flags_(flags) {}
  CUDAEvent(const CUDAEvent&) = delete;
  CUDAEvent& operator=(const CUDAEvent&) = delete;
  CUDAEvent(CUDAEvent&& other) noexcept { swap(other); }
  CUDAEvent& operator=(CUDAEvent&& other) noexcept { return swap(other), *this; }
  ~CUDAEvent() {
    if (event_ != nullptr) (void)cudaEventDestroy(event_);
  }

  operator cudaEvent_t() const { return event_; }
  cudaEvent_t event() const { return event_; }
  friend bool operator<(const CUDAEvent& left, const CUDAEvent& right) { return left.event_ < right.event_; }
  bool isCreated() const { return event_ != nullptr; }
  std::optional<Device> device() const { return isCreated() ? std::make_optional(Device(DeviceType::CPU, 0)) : std::nullopt; }
  DeviceIndex device_index() const { return isCreated() ? DeviceIndex{0} : DeviceIndex{-1}; }
  bool query() const { return true; }
  void synchronize() const {}

  void create(DeviceIndex device) {
    kbk::torch_shim::require_simulated("CUDAEvent", device);
    if (event_ == nullptr) C10_CUDA_CHECK(cudaEventCreateWithFlags(&event_, flags_));
  }
  void record() { record(getCurrentCUDAStream()); }
  void recordOnce(const CUDAStream& stream) {
    if (!recorded_) record(stream);
  }
  void record(const CUDAStream& stream) {
    create(stream.device_index());
    C10_CUDA_CHECK(cudaEventRecord(event_, stream));
    recorded_ = true;
  }
  void block(const CUDAStream&) {}
  float elapsed_time(const CUDAEvent& other) const {
    TORCH_CHECK(((flags_ | other.flags_) & cudaEventDisableTiming) == 0, "elapsed_time: both events must be made with cudaEventDefault");
    TORCH_CHECK(recorded_ && other.recorded_, "elapsed_time: both events must be recorded first");
    float milliseconds = 0;
    C10_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, event_, other.event_));
    return milliseconds;
  }

 private:
  void swap(CUDAEvent& other) noexcept {
    std::swap(flags_, other.flags_);
    std::swap(event_, other.event_);
    std::swap(recorded_, other.recorded_);
  }

  unsigned flags_ = cudaEventDisableTiming;
  cudaEvent_t event_ = nullptr;
  bool recorded_ = false;
};

}  // namespace c10::cuda

namespace at::cuda {
using c10::cuda::CUDAEvent;
}
