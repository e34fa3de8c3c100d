// What every source of kbk.load_inline sees before its own first line, on both machines.
//
// Built with -DKBK_SIM the CUDA names come from the simulator's shim headers, else from NVIDIA's.
#pragma once

#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Float8_e4m3fn.h>
#include <torch/headeronly/util/Float8_e5m2.h>
#include <torch/headeronly/util/Half.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

#ifdef KBK_SIM
#include <kbk_sim.h>
#else
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#endif

#include <kbk/check.h>
#include <kbk/require.h>
#include <kbk/stream.h>
#include <kbk/tensor.h>

#include <kbk/signature.h>
#include <kbk/schema.h>
#include <kbk/register.h>
#if defined(KBK_SIM) && defined(KBK_TRACED) && defined(__linux__)
#include <kbk/watched.h>
#endif
