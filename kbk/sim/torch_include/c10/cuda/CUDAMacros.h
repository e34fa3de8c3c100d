// Stands for torch's <c10/cuda/CUDAMacros.h>: nothing is exported, one device is simulated.
#pragma once

#define C10_CUDA_EXPORT
#define C10_CUDA_IMPORT
#define C10_CUDA_API
#define C10_COMPILE_TIME_MAX_GPUS 1
