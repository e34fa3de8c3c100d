// Inline PTX of warps: who a thread is among the lanes, and shfl.sync.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-shfl-sync
#pragma once

#include "kbk_index.h"
#include "kbk_ptx_operand.h"
#include "kbk_warp.h"

namespace kbk::ptx {

inline unsigned lanemask_eq() { return 1u << lane_id(); }
inline unsigned lanemask_lt() { return (1u << lane_id()) - 1u; }
inline unsigned lanemask_le() { return (2u << lane_id()) - 1u; }
inline unsigned lanemask_ge() { return ~lanemask_lt(); }
inline unsigned lanemask_gt() { return ~lanemask_le(); }
inline unsigned warps() {
  const dim3 d = block_dimensions();
  return (d.x * d.y * d.z + 31) / 32;
}

// `c` is the clamp and, from bit 8 on, the mask of a segment: a width of 32, 16, ... in one number.
inline int width_of(Op op, unsigned c) {
  const unsigned mask = c >> 8 & 31, clamp = c & 31, width = 32 - mask;
  const unsigned usual = op == Op::kShflUp ? 0 : 31;
  if (clamp != usual || (width & (width - 1)) != 0)
    trap("unsupported", "shfl.sync with a clamp that no width of __shfl_sync has; use __shfl_sync(mask, value, lane, width)");
  return static_cast<int>(width);
}

// Whether the lane that shfl.sync reads lies in this one's segment: its second result.
inline bool in_segment(Op op, unsigned lanes, unsigned c) {
  const unsigned width = static_cast<unsigned>(width_of(op, c)), lane = lane_id(), in = lane & (width - 1);
  if (op == Op::kShflUp) return in >= (lanes & 31);
  if (op == Op::kShflDown) return in + (lanes & 31) < width;
  if (op == Op::kShflXor) return (lane ^ (lanes & 31)) < (lane & ~(width - 1)) + width;
  return true;
}

inline std::uint32_t shuffle(Op op, std::uint32_t value, unsigned lanes, unsigned c, unsigned mask) {
  return kbk::shuffle(op, mask, value, lanes & 31, width_of(op, c));
}

// The lowest lane of the mask leads.
inline bool elected(unsigned mask) {
  __syncwarp(mask);
  return lane_id() == static_cast<unsigned>(__builtin_ctz(mask));
}

}  // namespace kbk::ptx
