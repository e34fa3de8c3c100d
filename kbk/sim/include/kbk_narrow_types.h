// __half, __nv_bfloat16 and their pairs. Both, whichever header a source includes: each converts to the other.
#pragma once

#include "kbk_narrow_format.h"
#include "kbk_whole_move.h"

struct __nv_bfloat16;

#define KBK_T __half
#define KBK_OTHER __nv_bfloat16
#define KBK_T2 __half2
#define KBK_RAW __half_raw
#define KBK_RAW2 __half2_raw
#define KBK_FORMAT kbk::num::HalfFormat
#ifdef __CUDA_NO_HALF_CONVERSIONS__
#define KBK_CONVERSIONS 0
#else
#define KBK_CONVERSIONS 1
#endif
#include "kbk_narrow_class.inc.h"
#undef KBK_T
#undef KBK_T2
#undef KBK_OTHER
#undef KBK_RAW
#undef KBK_RAW2
#undef KBK_FORMAT
#undef KBK_CONVERSIONS

#define KBK_T __nv_bfloat16
#define KBK_OTHER __half
#define KBK_T2 __nv_bfloat162
#define KBK_RAW __nv_bfloat16_raw
#define KBK_RAW2 __nv_bfloat162_raw
#define KBK_FORMAT kbk::num::BFloat16Format
#ifdef __CUDA_NO_BFLOAT16_CONVERSIONS__
#define KBK_CONVERSIONS 0
#else
#define KBK_CONVERSIONS 1
#endif
#include "kbk_narrow_class.inc.h"
#undef KBK_T
#undef KBK_T2
#undef KBK_OTHER
#undef KBK_RAW
#undef KBK_RAW2
#undef KBK_FORMAT
#undef KBK_CONVERSIONS

typedef __half half;
typedef __half2 half2;
typedef __half __nv_half;
typedef __half2 __nv_half2;
typedef __half_raw __nv_half_raw;
typedef __half2_raw __nv_half2_raw;
typedef __half nv_half;
typedef __half2 nv_half2;
typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;

namespace kbk::num {

// What the functions of both formats share, by overload: the bits of a number, and a number of given bits.
inline Bits16 bits_of(__half h) { return __half_raw(h).x; }
inline Bits16 bits_of(__nv_bfloat16 h) { return __nv_bfloat16_raw(h).x; }
inline float widened(__half h) { return HalfFormat::widen(bits_of(h)); }
inline float widened(__nv_bfloat16 h) { return BFloat16Format::widen(bits_of(h)); }

}  // namespace kbk::num

#ifndef __CUDA_NO_HALF_CONVERSIONS__
inline __half::__half(const __nv_bfloat16& value) : __half(kbk::num::widened(value)) {}
#endif
#ifndef __CUDA_NO_BFLOAT16_CONVERSIONS__
inline __nv_bfloat16::__nv_bfloat16(const __half& value) : __nv_bfloat16(kbk::num::widened(value)) {}
#endif
