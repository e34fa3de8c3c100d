// What an extension source (at::Tensor, TORCH_LIBRARY, PYBIND11_MODULE) sees before its own first line, on both machines.
//
// torch's real headers, without <Python.h>: functions are bound to torch's dispatcher, not to Python. Built with -DKBK_SIM the
// CUDA names come from the simulator's shims, and torch's CUDA-only headers from kbk/sim/torch_include.
#pragma once

#ifdef KBK_SIM
// The simulator's <assert.h> is for kernels; torch's own headers mean the host's.
extern "C" [[noreturn]] void __assert_fail(const char*, const char*, unsigned, const char*) noexcept;
#include <kbk_torch_numbers.h>
#endif

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#ifdef KBK_SIM
#include <kbk_sim.h>
#include <kbk_torch_device.h>
#else
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#endif

#ifdef KBK_SIM
// torch declares it for nvcc alone, before whose name it was read here.
namespace at {
template <class T>
struct RestrictPtrTraits {
  using PtrType = T* __restrict__;
};
}  // namespace at
namespace torch {
using at::RestrictPtrTraits;
}
#endif

#include <kbk/extension/blocks.h>
#include <kbk/extension/function.h>
#include <kbk/extension/pybind.h>
#if defined(KBK_SIM) && defined(KBK_TRACED)
#include <kbk/extension/watch.h>
#endif
