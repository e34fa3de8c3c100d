"""An extension source as older projects write them: guards, streams, atomics, torch's numbers."""

from __future__ import annotations

SOURCE = r"""
#include <ATen/AccumulateType.h>
#include <ATen/cuda/Atomic.cuh>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/DeviceUtils.cuh>
#include <ATen/cuda/EmptyTensor.h>
#include <ATen/cuda/detail/IndexUtils.cuh>
#include <ATen/cuda/detail/KernelUtils.h>
#include <ATen/native/cuda/block_reduce.cuh>
#include <THC/THCAtomics.cuh>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAMathCompat.h>
#include <torch/extension.h>

template <typename scalar_t>
__global__ void C10_LAUNCH_BOUNDS_1(256) total(scalar_t* out, const scalar_t* x, int n) {
  CUDA_KERNEL_LOOP(i, n) { gpuAtomicAdd(out, x[i]); }
}
void run_total(at::Tensor out, at::Tensor x) {
  const at::cuda::OptionalCUDAGuard guard(device_of(x));
  auto stream = at::cuda::getCurrentCUDAStream();
  AT_DISPATCH_ALL_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "total", [&] {
    total<scalar_t><<<at::cuda::detail::GET_BLOCKS(x.numel()), 256, 0, stream>>>(
        out.data_ptr<scalar_t>(), x.data_ptr<scalar_t>(), x.numel());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
}

__global__ void extremes(float* out, at::Half* half, uint8_t* bytes, const float* x) {
  const int i = threadIdx.x;
  gpuAtomicMax(out, x[i]);
  gpuAtomicMin(out + 1, x[i]);
  gpuAtomicMax(half, static_cast<at::Half>(x[i]));
  gpuAtomicAddNoReturn(bytes + 1, static_cast<uint8_t>(1));
  atomicAdd(reinterpret_cast<int64_t*>(out + 2), static_cast<int64_t>(i));
}
void run_extremes(at::Tensor out, at::Tensor half, at::Tensor bytes, at::Tensor x) {
  extremes<<<1, x.numel(), 0, at::cuda::getCurrentCUDAStream()>>>(
      out.data_ptr<float>(), half.data_ptr<at::Half>(), bytes.data_ptr<uint8_t>(),
      x.data_ptr<float>());
  AT_CUDA_CHECK(cudaGetLastError());
}

__global__ void numbers(c10::Half* half, c10::BFloat16* brain, float* out) {
  const __half a = half[0];                      // as CUDA builds of torch convert
  half[1] = __hadd(a, a);
  half[2] = c10::Half(a) * half[0];
  const __nv_bfloat16 b = static_cast<__nv_bfloat16>(brain[0]);
  brain[1] = b;
  brain[2] = brain[0] + c10::BFloat16(1.0f);
  out[0] = half[0] > half[3] ? 1.0f : 0.0f;
  out[1] = WARP_SHFL_XOR(static_cast<float>(threadIdx.x), 5);
  out[2] = c10::cuda::compat::exp(static_cast<float>(half[0]));
  half[4] = __ldg(&half[0]);
}
void run_numbers(at::Tensor half, at::Tensor brain, at::Tensor out) {
  numbers<<<1, 1>>>(half.data_ptr<at::Half>(), brain.data_ptr<at::BFloat16>(),
                    out.data_ptr<float>());
}

__global__ void summed(float* out, const float* x) {
  __shared__ float shared[32];
  const float sum = at::native::cuda_utils::BlockReduceSum(x[threadIdx.x], shared);
  if (threadIdx.x == 0) out[0] = sum;
}
void run_summed(at::Tensor out, at::Tensor x) {
  summed<<<1, x.numel()>>>(out.data_ptr<float>(), x.data_ptr<float>());
}

void check_streams(at::Tensor x) {
  const auto usual = at::cuda::getCurrentCUDAStream();
  TORCH_CHECK(usual == at::cuda::getDefaultCUDAStream() && usual.device_index() == 0);
  const auto other = at::cuda::getStreamFromPool();
  TORCH_CHECK(other != usual && other.query());
  {
    at::cuda::CUDAStreamGuard guard(other);
    TORCH_CHECK(at::cuda::getCurrentCUDAStream() == other && guard.original_stream() == usual);
    TORCH_CHECK(at::cuda::getCurrentCUDAStream().stream() == other.stream());
  }
  TORCH_CHECK(at::cuda::getCurrentCUDAStream() == usual);
  at::cuda::CUDAEvent begin(cudaEventDefault), end(cudaEventDefault);
  begin.record(usual);
  end.record(other);
  end.block(usual);
  end.synchronize();
  TORCH_CHECK(begin.query() && begin.elapsed_time(end) >= 0);
  const c10::cuda::CUDAGuard by_device(x.device());
  const c10::cuda::CUDAGuard by_index(x.get_device());
  c10::cuda::OptionalCUDAGuard nobody;
  TORCH_CHECK(!nobody.current_device());
  nobody.set_index(0);
  TORCH_CHECK(nobody.current_device() == x.device() || x.device().index() == -1);
  TORCH_CHECK(at::cuda::is_available() && c10::cuda::device_count() == 1);
  TORCH_CHECK(at::cuda::getCurrentDeviceProperties()->warpSize == at::cuda::warp_size());
  TORCH_CHECK(at::cuda::detail::canUse32BitIndexMath(x));
  TORCH_CHECK(at::detail::empty_cuda({2, 3}, x.options()).device() == x.device());
  C10_CUDA_CHECK(cudaStreamSynchronize(other));
}
void guard_index(at::Tensor x, int64_t index) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(index));
}
void guard_meta(at::Tensor x) {
  const c10::cuda::OptionalCUDAGuard guard(c10::Device(c10::DeviceType::Meta));
}
__global__ void positive(int n) { CUDA_KERNEL_ASSERT(n > 0); }
void run_positive(at::Tensor x, int64_t n) { positive<<<1, 1>>>(n); }
void too_many(at::Tensor x) {
  summed<<<1, 2048>>>(x.data_ptr<float>(), x.data_ptr<float>());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}
void bad_call(at::Tensor x) { C10_CUDA_CHECK(cudaSetDevice(3)); }
"""
FUNCTIONS = [
    "run_total",
    "run_extremes",
    "run_numbers",
    "run_summed",
    "check_streams",
    "guard_index",
    "guard_meta",
    "run_positive",
    "too_many",
    "bad_call",
]
