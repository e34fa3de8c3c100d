"""Standard extension sources on both machines: the same text, the same results."""

from __future__ import annotations

import pytest
import torch

import kbk

pytestmark = pytest.mark.gpu

_BOUND = r"""
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/extension.h>

template <typename T>
__global__ void scaled_kernel(T* out, const T* x, float factor, int64_t n) {
  const int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = static_cast<T>(factor * static_cast<float>(x[i]));
}

torch::Tensor scaled(const torch::Tensor& x, float factor) {
  TORCH_CHECK(x.is_cuda(), "x must be a CUDA tensor");
  TORCH_CHECK(x.dim() == 1, "x must have 1 dimension, got ", x.dim());
  const at::cuda::OptionalCUDAGuard guard(device_of(x));
  auto out = torch::empty_like(x);
  if (x.numel() == 0) return out;
  const cudaStream_t stream = at::cuda::getCurrentCUDAStream();
  AT_DISPATCH_FLOATING_TYPES_AND2(
      at::ScalarType::Half, at::ScalarType::BFloat16, x.scalar_type(), "scaled", [&] {
        scaled_kernel<scalar_t><<<(x.numel() + 255) / 256, 256, 0, stream>>>(
            out.data_ptr<scalar_t>(), x.data_ptr<scalar_t>(), factor, x.numel());
        C10_CUDA_KERNEL_LAUNCH_CHECK();
      });
  return out;
}

void too_large(torch::Tensor x) {
  scaled_kernel<float><<<1, 4096>>>(x.data_ptr<float>(), x.data_ptr<float>(), 1.0f, 1);
}

// The host reads one tensor, a kernel writes the other.
__global__ void fill_kernel(int* out, int value) { out[threadIdx.x] = value; }
void fill(const at::Tensor& host, at::Tensor& out) {
  TORCH_CHECK(host.device().is_cpu() && out.device().is_cuda(), "host on the CPU, out on the GPU");
  fill_kernel<<<1, static_cast<int>(out.numel()), 0, at::cuda::getCurrentCUDAStream()>>>(
      out.data_ptr<int>(), host.data_ptr<int>()[0]);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("scaled", &scaled, "x times factor", py::arg("x"), py::arg("factor") = 2.0);
  m.def("too_large", &too_large);
  m.def("fill", &fill);
}
"""

_REGISTERED = r"""
#include <ATen/cuda/CUDAContext.h>
#include <torch/all.h>
#include <torch/library.h>

__global__ void plus_kernel(float* x, int64_t n, float a) {
  const int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
  if (i < n) x[i] += a;
}
void plus_(at::Tensor& x, double a) {
  plus_kernel<<<(x.numel() + 255) / 256, 256, 0, at::cuda::getCurrentCUDAStream()>>>(
      x.data_ptr<float>(), x.numel(), static_cast<float>(a));
}
TORCH_LIBRARY(kbk_test_registered, m) { m.def("plus_(Tensor(a!) x, float a=1.0) -> ()"); }
TORCH_LIBRARY_IMPL(kbk_test_registered, CUDA, m) { m.impl("plus_", &plus_); }
"""


@pytest.fixture(scope="module")
def bound() -> kbk.build.Module:
    return kbk.load_inline("gpu_bound", cuda_sources=_BOUND)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_a_function_gives_the_same_on_both_machines(
    bound: kbk.build.Module, dtype: torch.dtype
) -> None:
    x = torch.randn(1000).to(dtype)
    on_gpu = bound.scaled(x.cuda(), factor=1.5)
    assert on_gpu.is_cuda
    assert torch.equal(on_gpu.cpu(), bound.scaled(x, factor=1.5))
    assert torch.equal(bound.scaled(x[:0].cuda()), x[:0].cuda())


def test_a_check_of_torch_is_an_argument_error_on_both_machines(
    bound: kbk.build.Module,
) -> None:
    for device in ("cpu", "cuda"):
        with pytest.raises(kbk.ArgumentError, match="scaled: x must have 1 dimension, got 2"):
            bound.scaled(torch.ones(2, 2, device=device))


def test_a_launch_that_cannot_be_is_a_launch_error_on_both_machines(
    bound: kbk.build.Module,
) -> None:
    for device in ("cpu", "cuda"):
        with pytest.raises(kbk.LaunchError, match="invalid"):
            bound.too_large(torch.ones(4, device=device))
        assert torch.equal(bound.scaled(torch.ones(2, device=device)).cpu(), torch.full((2,), 2.0))


def test_a_tensor_for_the_host_stands_beside_one_for_the_device(bound: kbk.build.Module) -> None:
    host = torch.tensor([7], dtype=torch.int32)
    for device in ("cpu", "cuda"):
        out = torch.zeros(5, dtype=torch.int32, device=device)
        bound.fill(host, out)
        assert out.tolist() == [7] * 5
    with pytest.raises(kbk.ArgumentError, match="host on the CPU"):
        bound.fill(host.cuda(), torch.zeros(5, dtype=torch.int32, device="cuda"))


def test_what_a_source_registers_runs_on_both_machines() -> None:
    mod = kbk.load_inline("gpu_registered", cuda_sources=_REGISTERED)
    for device in ("cpu", "cuda"):
        x = torch.zeros(3, device=device)
        mod.plus_(x)
        torch.ops.kbk_test_registered.plus_(x, 2.0)
        assert x.tolist() == [3.0] * 3
