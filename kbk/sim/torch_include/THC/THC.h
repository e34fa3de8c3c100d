// Stands for <THC/THC.h>, which torch no longer has: what extensions from before 2021 used of it.
#pragma once

#include <ATen/cuda/CUDAContext.h>

#include "THCDeviceUtils.cuh"

struct THCState;

#define THCudaCheck(EXPR) C10_CUDA_CHECK(EXPR)
#define THCCudaCheck(EXPR) C10_CUDA_CHECK(EXPR)
