// What the collectives of CUB share: who a thread is, values of any type from another lane, room for one value a warp.
#pragma once

#include "kbk_index.h"
#include "kbk_ptx_operand.h"
#include "kbk_warp.h"
#include "util_type.cuh"

namespace cub::kbk_detail {

inline unsigned thread_in_block() {
  const uint3 t = kbk::thread_idx();
  const dim3 d = kbk::block_dimensions();
  return (t.z * d.y + t.y) * d.x + t.x;
}
inline unsigned threads_of_block() {
  const dim3 d = kbk::block_dimensions();
  return d.x * d.y * d.z;
}
// Lanes of this thread's warp that exist.
inline unsigned lanes_of_warp() {
  const unsigned left = threads_of_block() - thread_in_block() / 32 * 32;
  return left < 32 ? left : 32;
}
inline unsigned low_lanes(unsigned count) { return count >= 32 ? 0xffffffffu : (1u << count) - 1; }

// `value` of lane `lane`, in shuffles of 4 or, for numbers, 8 bytes.
template <class T>
inline T from_lane(unsigned mask, const T& value, unsigned lane) {
  if constexpr (kbk::is_shufflable<T>::value) {
    return __shfl_sync(mask, value, static_cast<int>(lane));
  } else {
    constexpr unsigned kWords = (sizeof(T) + 3) / 4;
    std::uint32_t words[kWords] = {};
    __builtin_memcpy(words, static_cast<const void*>(&value), sizeof(T));
    for (unsigned i = 0; i < kWords; ++i) words[i] = __shfl_sync(mask, words[i], static_cast<int>(lane));
    T result = value;
    __builtin_memcpy(static_cast<void*>(&result), words, sizeof(T));
    return result;
  }
}

// Room for values of shared memory: bytes, so that a union may have it as a member.
template <class T, unsigned kCount>
struct Room {
  alignas(T) unsigned char bytes[sizeof(T) * kCount];
  T& operator[](unsigned i) { return reinterpret_cast<T*>(bytes)[i]; }
};

// A segment of `width` lanes from `first` on, of which `exist` do; the lowest `valid` count. The first gets op over them, in order.
template <class T, class Op>
inline T reduce_lanes(T value, Op op, unsigned first, unsigned width, unsigned exist, unsigned valid) {
  const unsigned lane = kbk::lane_id() - first, mask = low_lanes(exist) << first;
  for (unsigned step = 1; step < width; step *= 2) {
    const T other = from_lane(mask, value, first + (lane + step < exist ? lane + step : lane));
    if (lane + step < valid) value = op(value, other);
  }
  return value;
}

// Every lane gets op over the lanes up to it.
template <class T, class Op>
inline T scan_lanes(T value, Op op, unsigned first, unsigned width, unsigned exist) {
  const unsigned lane = kbk::lane_id() - first, mask = low_lanes(exist) << first;
  for (unsigned step = 1; step < width; step *= 2) {
    const T other = from_lane(mask, value, first + (lane >= step ? lane - step : lane));
    if (lane >= step) value = op(other, value);
  }
  return value;
}

// op over the items of one thread, in order.
template <class T, int kItems, class Op>
inline T reduce_items(T (&items)[kItems], Op op) {
  T total = items[0];
  for (int i = 1; i < kItems; ++i) total = op(total, items[i]);
  return total;
}

}  // namespace cub::kbk_detail
