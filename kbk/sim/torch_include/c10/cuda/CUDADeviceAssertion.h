// Stands for torch's <c10/cuda/CUDADeviceAssertion.h>: an assertion of a kernel ends the launch, with thread and line.
#pragma once

#include "kbk_torch_device.h"
