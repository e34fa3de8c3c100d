// The part of CUB that is simulated: reductions and scans over warps and blocks. The rest is refused by name.
#pragma once

#include "block/block_reduce.cuh"
#include "block/block_scan.cuh"
#include "thread/thread_operators.cuh"
#include "util_type.cuh"
#include "version.cuh"
#include "warp/warp_reduce.cuh"
#include "warp/warp_scan.cuh"
