// The shim's <cuda_runtime.h>: qualifiers, vector types, index variables, intrinsics, the runtime API and launches.
#pragma once

#include "kbk_host_defines.h"
#include "vector_types.h"
#include "vector_functions.h"

#include "cuda_runtime_api.h"
#include "kbk_index.h"
#include "kbk_launch.h"
#include "kbk_math.h"
#include "kbk_memory.h"
#include "kbk_output.h"
#include "kbk_shared.h"
#include "kbk_sync.h"
