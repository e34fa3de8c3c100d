"""A file of our own in the style of the one that the page reads: the same op, another kernel."""

from __future__ import annotations

FILE = "csrc/attention/lightning_attention_decode_kernel.cu"

READ = "const float before = past_kv[at];"
"""A line of it that costs the most sectors."""

SOURCE = (
    r"""
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <torch/all.h>

// A thread has a row of the state, so that lanes lie a row apart.
template <typename T>
__global__ void state_step_kernel(const T* k, const T* v, const float* past_kv, const float* slope,
                                  float* new_kv, int heads, int rows, int columns) {
  const int64_t head = blockIdx.x;
  for (int row = threadIdx.x; row < rows; row += blockDim.x) {
    for (int column = 0; column < columns; ++column) {
      const int64_t at = (head * rows + row) * columns + column;
      """
    + READ
    + r"""
      const T product = T(float(k[head * rows + row]) * float(v[head * columns + column]));
      new_kv[at] = expf(-slope[head % heads]) * before + float(product);
    }
  }
}

template <typename T>
__global__ void read_out_kernel(const T* q, const float* new_kv, T* output, int rows, int columns) {
  const int64_t head = blockIdx.x;
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    float sum = 0.0f;
    for (int row = 0; row < rows; ++row)
      sum += float(q[head * rows + row]) * new_kv[(head * rows + row) * columns + column];
    output[head * columns + column] = T(sum);
  }
}

void lightning_attention_decode(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                const at::Tensor& past_kv, const at::Tensor& slope,
                                at::Tensor output, at::Tensor new_kv) {
  TORCH_CHECK(q.is_cuda(), "the rows must be on the device");
  const auto stream = at::cuda::getCurrentCUDAStream();
  const int heads = q.size(1), rows = q.size(3), columns = v.size(3);
  const int blocks = q.size(0) * heads;
  AT_DISPATCH_FLOATING_TYPES_AND2(
      at::kHalf, at::kBFloat16, q.scalar_type(), "lightning_attention_decode", [&] {
        // Asks for more shared memory than a block gets where the state is large.
        state_step_kernel<scalar_t><<<blocks, 64, rows * columns * sizeof(float), stream>>>(
            k.const_data_ptr<scalar_t>(), v.const_data_ptr<scalar_t>(),
            past_kv.const_data_ptr<float>(), slope.const_data_ptr<float>(),
            new_kv.mutable_data_ptr<float>(), heads, rows, columns);
        read_out_kernel<scalar_t><<<blocks, 64, 0, stream>>>(
            q.const_data_ptr<scalar_t>(), new_kv.const_data_ptr<float>(),
            output.mutable_data_ptr<scalar_t>(), rows, columns);
      });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}
"""
)
