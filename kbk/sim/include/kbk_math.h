// Everything of CUDA's math API over built-in numbers; the C library supplies the rest.
#pragma once

#include "kbk_math_convert.h"
#include "kbk_math_fast.h"
#include "kbk_math_int.h"
#include "kbk_math_minmax.h"
#include "kbk_math_round.h"
#include "kbk_math_special.h"
#include "kbk_simd.h"
#include "kbk_simd_dpx.h"
