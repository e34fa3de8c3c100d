// Stands for torch's <ATen/cuda/AsmUtils.cuh>: bit fields, and masks of the lanes around this one.
#pragma once

#include <cstdint>

#include "kbk_ptx.h"

namespace at::cuda {

template <class T>
struct Bitfield {
  static T getBitfield(T value, int position, int length) { return kbk::ptx::bit_field(value, position, length); }
  static T setBitfield(T value, T inserted, int position, int length) {
    return kbk::ptx::insert_bits(inserted, value, position, length);
  }
};

inline int getLaneId() { return static_cast<int>(kbk::lane_id()); }
inline unsigned getLaneMaskLt() { return kbk::ptx::lanemask_lt(); }
inline unsigned getLaneMaskLe() { return kbk::ptx::lanemask_le(); }
inline unsigned getLaneMaskGt() { return kbk::ptx::lanemask_gt(); }
inline unsigned getLaneMaskGe() { return kbk::ptx::lanemask_ge(); }

}  // namespace at::cuda
