// Everything a translated source needs: CUDA's names on the host compiler. Included by the prelude after torch's headers.
#pragma once

#include "cuda_runtime.h"

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "cuda_fp8.h"

#include "kbk_atomic.h"
#include "kbk_ptx.h"
#include "kbk_warp.h"

#include "kbk_defines.h"
#include "kbk_copy_bytes.h"
