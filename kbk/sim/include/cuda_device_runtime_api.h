// The shim gives everything through <cuda_runtime.h>; launches from kernels are not simulated.
#pragma once

#include "cuda_runtime.h"
