// Stands for torch's <ATen/native/cuda/block_reduce.cuh>: reductions over a warp and a block of whole warps. `shared` has a T for each warp;
// thread 0 gets the result of a block.
#pragma once

#include <ATen/NumericUtils.h>
#include <ATen/cuda/DeviceUtils.cuh>

#include <limits>

namespace at::native::cuda_utils {

constexpr int kCUDABlockReduceNumThreads = 512;
constexpr int kCUDABlockReduceMaxThreads() { return 32 * 32; }

struct Block1D {
  static int Tid() { return static_cast<int>(kbk::thread_idx().x); }
  static int Warps() { return static_cast<int>(kbk::block_dimensions().x / 32); }
};
struct Block2D {
  static int Tid() { return static_cast<int>(kbk::thread_idx().x + kbk::thread_idx().y * kbk::block_dimensions().x); }
  static int Warps() { return static_cast<int>(kbk::block_dimensions().x * kbk::block_dimensions().y / 32); }
};

// What a reduction combines with: op.combine(a, b), op.warp_shfl_down(a, lanes).
template <class T, class ReduceOp>
inline T WarpReduce(T value, const ReduceOp& op) {
  for (int lanes = 16; lanes > 0; lanes /= 2) value = op.combine(value, op.warp_shfl_down(value, lanes));
  return value;
}

template <class T, class ReduceOp, class B = Block1D>
inline T BlockReduce(T value, const ReduceOp& op, const T& identity, T* shared) {
  const int thread = B::Tid(), lane = thread % 32, warp = thread / 32;
  value = WarpReduce(value, op);
  __syncthreads();  // `shared` may still be read by a reduction before this one
  if (lane == 0) shared[warp] = value;
  __syncthreads();
  value = thread < B::Warps() ? shared[lane] : identity;
  return warp == 0 ? WarpReduce(value, op) : value;
}

namespace kbk_detail {
template <class T>
struct Sum {
  static T combine(T a, T b) { return a + b; }
  static T warp_shfl_down(T a, int lanes) { return WARP_SHFL_DOWN(a, static_cast<unsigned>(lanes)); }
};
template <class T>
struct Max : Sum<T> {
  static T combine(T a, T b) { return at::_isnan(a) || a > b ? a : b; }
};
}  // namespace kbk_detail

template <class T>
inline T WarpReduceSum(T value) { return WarpReduce(value, kbk_detail::Sum<T>{}); }
template <class T>
inline T WarpReduceMax(T value) { return WarpReduce(value, kbk_detail::Max<T>{}); }
template <class T, class B = Block1D>
inline T BlockReduceSum(T value, T* shared) {
  return BlockReduce<T, kbk_detail::Sum<T>, B>(value, {}, T(0), shared);
}
template <class T, class B = Block1D>
inline T BlockReduceMax(T value, T* shared) {
  return BlockReduce<T, kbk_detail::Max<T>, B>(value, {}, std::numeric_limits<T>::lowest(), shared);
}

}  // namespace at::native::cuda_utils
