// The device that the simulator pretends to be. Limits: CUDA C++ Programming Guide, "Technical Specifications per
// Compute Capability".
#include <atomic>

#include "state.h"

namespace kbk {

namespace {
constexpr int kKiB = 1024;
const Profile kProfiles[] = {
    {75, "Simulated GPU (sm_75, as a T4)", 40, 1024, 16, 64 * kKiB, 48 * kKiB, 64 * kKiB, 32764, 4 << 20, 15ll << 30},
    {80, "Simulated GPU (sm_80, as an A100)", 108, 2048, 32, 164 * kKiB, 48 * kKiB, 163 * kKiB, 32764, 40 << 20,
     40ll << 30},
    {90, "Simulated GPU (sm_90, as an H200)", 132, 2048, 32, 228 * kKiB, 48 * kKiB, 227 * kKiB, 32764, 50 << 20,
     141ll << 30},
};
std::atomic<const Profile*> in_force{&kProfiles[2]};
}  // namespace

const Profile& profile() { return *in_force.load(); }

bool set_profile(int arch) {
  for (const Profile& candidate : kProfiles) {
    if (candidate.arch != arch) continue;
    in_force.store(&candidate);
    return true;
  }
  return false;
}

}  // namespace kbk
