// require_sm(80, "top_k"): a host function whose kernels need newer hardware refuses an older device by name.
//
// Python raises kbk.LaunchError, kind "unsupported". It asks the current device, which in a host function is that of its
// first CUDA tensor; on the CPU it asks the simulator's profile (kbk.sim.settings(arch=75)).
#pragma once

#include <stdexcept>
#include <string>

#include <kbk/check.h>
#include <kbk/stream.h>

namespace kbk::detail {

// Python cuts these words off.
constexpr const char* kUnsupported = "kbk.Unsupported: ";

inline std::string capability(int major, int minor) { return std::to_string(major) + "." + std::to_string(minor); }

[[noreturn]] inline void lacks_sm(int sm, const char* op, int device, int major, int minor) {
  cudaDeviceProp properties{};
  (void)cudaGetDeviceProperties(&properties, device);
  throw std::runtime_error(std::string(kUnsupported) + op + ": needs compute capability " +
                           capability(sm / 10, sm % 10) + " (sm_" + std::to_string(sm) + ") or newer; the device is " +
                           properties.name + " with " + capability(major, minor));
}

}  // namespace kbk::detail

// sm: 75, 80, 90 and so on. op: the host function's name, for the message.
inline void require_sm(int sm, const char* op) {
  int device = 0, major = 0, minor = 0;
  (void)cudaGetDevice(&device);
  (void)cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  (void)cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
  if (10 * major + minor < sm) kbk::detail::lacks_sm(sm, op, device, major, minor);
}
