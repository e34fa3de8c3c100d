// CUDA's declaration qualifiers as the host compiler must read them: most of them say nothing on one machine.
//
// __noinline__ is not here: libstdc++ writes __attribute__((__noinline__)), so the translator rewrites CUDA's use of it.
// __shared__ is not here either: the translator gives shared arrays their storage.
#pragma once

#if defined(KBK_TRACED)
#define __global__ __attribute__((flatten))  // as nvcc: what a kernel calls becomes part of it, so that its lanes can be aligned
#else
#define __global__
#endif
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __grid_constant__
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __maxnreg__(...)
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __inline_hint__
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __attribute__((aligned(n)))
#define __device_builtin__
#define __cudart_builtin__
#define CUDARTAPI

#if !defined(__clang__) && !defined(__builtin_assume)
#define __builtin_assume(condition) ((void)0)
#endif
