// Stands for torch's <ATen/cuda/CUDAApplyUtils.cuh>: what older extensions include it for. CUDA_tensor_apply is refused by name.
#pragma once

#include <ATen/ceil_div.h>
#include <ATen/core/TensorBase.h>
#include <ATen/cuda/ApplyGridUtils.cuh>
#include <ATen/cuda/Atomic.cuh>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/DeviceUtils.cuh>
#include <ATen/cuda/detail/IndexUtils.cuh>

#include <cmath>
