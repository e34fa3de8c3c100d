// Macros of torch for code of the device, last of what an extension source sees before its own first line: torch's headers have been read
// as on a CPU, where an assertion of a kernel would end the process.
#pragma once

#include <c10/macros/Macros.h>

#include "cuda_runtime.h"

#undef CUDA_KERNEL_ASSERT
#undef CUDA_KERNEL_ASSERT_MSG
#undef CUDA_KERNEL_ASSERT_PRINTF
#undef CUDA_KERNEL_ASSERT_VERBOSE
#define CUDA_KERNEL_ASSERT(cond) \
  (__builtin_expect(static_cast<bool>(cond), 1) ? static_cast<void>(0) : ::kbk::assert_failed(#cond, __FILE__, __LINE__, __func__))
#define CUDA_KERNEL_ASSERT_MSG(cond, msg) \
  (__builtin_expect(static_cast<bool>(cond), 1) ? static_cast<void>(0) : ::kbk::assert_failed(msg, __FILE__, __LINE__, __func__))
#define CUDA_KERNEL_ASSERT_PRINTF(cond, msg, ...)                           \
  do {                                                                      \
    if (!(cond)) {                                                          \
      ::kbk::print(msg "\n", ##__VA_ARGS__);                                \
      ::kbk::assert_failed(#cond, __FILE__, __LINE__, __func__);            \
    }                                                                       \
  } while (0)
#define CUDA_KERNEL_ASSERT_VERBOSE(cond, ...) CUDA_KERNEL_ASSERT_PRINTF(cond, __VA_ARGS__)
#define CUDA_KERNEL_ASSERT2(cond) CUDA_KERNEL_ASSERT(cond)

#ifndef C10_LAUNCH_BOUNDS_1
#define CUDA_MAX_THREADS_PER_SM 2048
#define CUDA_MAX_THREADS_PER_BLOCK 1024
#define CUDA_THREADS_PER_BLOCK_FALLBACK 256
#define C10_MAX_THREADS_PER_BLOCK(val) ((val) <= CUDA_MAX_THREADS_PER_BLOCK ? (val) : CUDA_THREADS_PER_BLOCK_FALLBACK)
#define C10_LAUNCH_BOUNDS_0
#define C10_LAUNCH_BOUNDS_1(...)
#define C10_LAUNCH_BOUNDS_2(...)
#endif
