// __nv_fp8_e4m3, __nv_fp8_e5m2, their twos and fours, e8m0, and the conversion functions behind them.
#pragma once

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "kbk_fp8_convert.h"
#include "kbk_fp8_e8m0.h"

#define KBK_T __nv_fp8_e4m3
#define KBK_X2 __nv_fp8x2_e4m3
#define KBK_X4 __nv_fp8x4_e4m3
#define KBK_KIND __NV_E4M3
#include "kbk_fp8_class.inc.h"
#undef KBK_T
#undef KBK_X2
#undef KBK_X4
#undef KBK_KIND

#define KBK_T __nv_fp8_e5m2
#define KBK_X2 __nv_fp8x2_e5m2
#define KBK_X4 __nv_fp8x4_e5m2
#define KBK_KIND __NV_E5M2
#include "kbk_fp8_class.inc.h"
#undef KBK_T
#undef KBK_X2
#undef KBK_X4
#undef KBK_KIND
