// __nv_bfloat16 and __nv_bfloat162 with CUDA's functions and operators.
#pragma once

#include "kbk_math.h"
#include "kbk_narrow_types.h"
#include "vector_functions.h"

#define KBK_T __nv_bfloat16
#define KBK_T2 __nv_bfloat162
#define KBK_RAW __nv_bfloat16_raw
#define KBK_RAW2 __nv_bfloat162_raw
#define KBK_FORMAT kbk::num::BFloat16Format
#define KBK_N bfloat16
#define KBK_N2 bfloat162
#ifdef __CUDA_NO_BFLOAT16_OPERATORS__
#define KBK_OPERATORS 0
#else
#define KBK_OPERATORS 1
#endif
#ifdef __CUDA_NO_BFLOAT162_OPERATORS__
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

#define CUDART_INF_BF16 __ushort_as_bfloat16(0x7f80u)
#define CUDART_NAN_BF16 __ushort_as_bfloat16(0x7fffu)
#define CUDART_MIN_DENORM_BF16 __ushort_as_bfloat16(0x0001u)
#define CUDART_MAX_NORMAL_BF16 __ushort_as_bfloat16(0x7f7fu)
#define CUDART_NEG_ZERO_BF16 __ushort_as_bfloat16(0x8000u)
#define CUDART_ZERO_BF16 __ushort_as_bfloat16(0x0000u)
#define CUDART_ONE_BF16 __ushort_as_bfloat16(0x3f80u)

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Half.h>
