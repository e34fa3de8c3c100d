// __half and __half2 with CUDA's functions and operators.
#pragma once

#include "kbk_math.h"
#include "kbk_narrow_types.h"
#include "vector_functions.h"

#define KBK_T __half
#define KBK_T2 __half2
#define KBK_RAW __half_raw
#define KBK_RAW2 __half2_raw
#define KBK_FORMAT kbk::num::HalfFormat
#define KBK_N half
#define KBK_N2 half2
#ifdef __CUDA_NO_HALF_OPERATORS__
#define KBK_OPERATORS 0
#else
#define KBK_OPERATORS 1
#endif
#ifdef __CUDA_NO_HALF2_OPERATORS__
#define KBK_OPERATORS_2 0
#else
#define KBK_OPERATORS_2 1
#endif

#include "kbk_narrow_convert.inc.h"
#include "kbk_narrow_arith.inc.h"
#include "kbk_narrow_compare.inc.h"
#include "kbk_narrow_math.inc.h"

#undef KBK_T
#undef KBK_T2
#undef KBK_RAW
#undef KBK_RAW2
#undef KBK_FORMAT
#undef KBK_N
#undef KBK_N2
#undef KBK_OPERATORS
#undef KBK_OPERATORS_2

#define CUDART_INF_FP16 __ushort_as_half(0x7c00u)
#define CUDART_NAN_FP16 __ushort_as_half(0x7fffu)
#define CUDART_MIN_DENORM_FP16 __ushort_as_half(0x0001u)
#define CUDART_MAX_NORMAL_FP16 __ushort_as_half(0x7bffu)
#define CUDART_NEG_ZERO_FP16 __ushort_as_half(0x8000u)
#define CUDART_ZERO_FP16 __ushort_as_half(0x0000u)
#define CUDART_ONE_FP16 __ushort_as_half(0x3c00u)

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Half.h>
