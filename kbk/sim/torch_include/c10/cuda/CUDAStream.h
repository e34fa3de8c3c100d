// Stands for torch's <c10/cuda/CUDAStream.h>. Streams have names and an order of their own on a GPU; the simulator ends each launch before
// it returns, so all streams are one.
#pragma once

#include <c10/core/Stream.h>
#include <c10/cuda/CUDAFunctions.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <ostream>
#include <tuple>

namespace c10::cuda {

constexpr int max_compile_time_stream_priorities = 4;

// A stream of the simulated device. The number of a stream is its CUDA handle; the default stream has number 0.
class CUDAStream {
 public:
  enum Unchecked { UNCHECKED };

  explicit CUDAStream(Stream stream) : stream_(stream) { kbk::torch_shim::require_simulated("CUDAStream", stream.device()); }
  explicit CUDAStream(Unchecked, Stream stream) : stream_(stream) {}

  bool operator==(const CUDAStream& other) const noexcept { return unwrap() == other.unwrap(); }
  bool operator!=(const CUDAStream& other) const noexcept { return !(*this == other); }
  operator cudaStream_t() const { return stream(); }
  operator Stream() const { return unwrap(); }

  DeviceType device_type() const { return DeviceType::CPU; }
  DeviceIndex device_index() const { return 0; }
  Device device() const { return Device(DeviceType::CPU, 0); }
  StreamId id() const { return stream_.id(); }
  bool query() const { return true; }
  void synchronize() const { C10_CUDA_CHECK(cudaStreamSynchronize(stream())); }
  int priority() const { return 0; }
  cudaStream_t stream() const { return reinterpret_cast<cudaStream_t>(static_cast<std::intptr_t>(stream_.id())); }
  Stream unwrap() const { return stream_; }

  c10::StreamData3 pack3() const { return stream_.pack3(); }
  static CUDAStream unpack3(StreamId id, DeviceIndex device, DeviceType type) { return CUDAStream(Stream::unpack3(id, device, type)); }
  static std::tuple<int, int> priority_range() { return {0, 0}; }

 private:
  Stream stream_;
};

inline CUDAStream getStreamFromExternal(cudaStream_t stream, DeviceIndex device = 0) {
  kbk::torch_shim::require_simulated("getStreamFromExternal", device);
  return CUDAStream(CUDAStream::UNCHECKED, Stream(Stream::UNSAFE, Device(DeviceType::CPU, 0),
                                                  static_cast<StreamId>(reinterpret_cast<std::intptr_t>(stream))));
}
inline CUDAStream getDefaultCUDAStream(DeviceIndex device = -1) {
  kbk::torch_shim::require_simulated("getDefaultCUDAStream", device);
  return getStreamFromExternal(nullptr);
}
inline CUDAStream getStreamFromPool(const int /*priority*/, DeviceIndex device = -1) {
  kbk::torch_shim::require_simulated("getStreamFromPool", device);
  static std::atomic<unsigned> taken{0};
  const std::intptr_t number = 1 + static_cast<std::intptr_t>(taken++ % 32);  // nobody looks behind the handle of a stream
  return getStreamFromExternal(reinterpret_cast<cudaStream_t>(number));
}
inline CUDAStream getStreamFromPool(const bool high_priority = false, DeviceIndex device = -1) {
  return getStreamFromPool(high_priority ? -1 : 0, device);
}

namespace kbk_detail {
inline CUDAStream& current() {
  static thread_local CUDAStream stream = getDefaultCUDAStream();
  return stream;
}
}  // namespace kbk_detail

inline CUDAStream getCurrentCUDAStream(DeviceIndex device = -1) {
  kbk::torch_shim::require_simulated("getCurrentCUDAStream", device);
  return kbk_detail::current();
}
inline void setCurrentCUDAStream(CUDAStream stream) { kbk_detail::current() = stream; }

inline std::ostream& operator<<(std::ostream& out, const CUDAStream& stream) { return out << stream.unwrap(); }

}  // namespace c10::cuda

namespace std {
template <>
struct hash<c10::cuda::CUDAStream> {
  size_t operator()(c10::cuda::CUDAStream stream) const noexcept { return hash<c10::Stream>{}(stream.unwrap()); }
};
}  // namespace std
