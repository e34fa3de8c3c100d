// Mistake: the step is half of the grid, so that elements are copied twice.

#include <algorithm>

constexpr int kThreads = 128;
constexpr int kMaxBlocks = 1056;  // 8 blocks for each of the 132 multiprocessors of an H200

__global__ void copy_window_kernel(float* out, const float* x, int64_t begin, int64_t end) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x / 2;
  const int64_t mine = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  for (int64_t i = begin + mine; i < end; i += step) out[i] = x[i];
}

void copy_window(Tensor out, const Tensor& x, int64_t begin, int64_t end) {
  KBK_CHECK(x.scalar_type() == ScalarType::Float && x.is_contiguous(),
            "copy_window: x must be float32 and contiguous; its dtype is ", x.scalar_type(),
            " and its strides are ", x.strides());
  KBK_CHECK(out.scalar_type() == ScalarType::Float && out.is_contiguous(),
            "copy_window: out must be float32 and contiguous; its dtype is ", out.scalar_type(),
            " and its strides are ", out.strides());
  KBK_CHECK(out.numel() == x.numel(), "copy_window: out must have the elements of x, ",
            x.numel(), "; it has ", out.numel());
  KBK_CHECK(0 <= begin && begin <= end && end <= x.numel(),
            "copy_window: begin and end must be in order and in x, which has ", x.numel(),
            " elements; they were ", begin, " and ", end);
  const int64_t blocks = std::min<int64_t>((end - begin + kThreads - 1) / kThreads, kMaxBlocks);
  if (blocks == 0) return;  // nothing to copy: a grid of no blocks cannot be launched
  copy_window_kernel<<<blocks, kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), begin, end);
}
