// From here on the compiler looks like nvcc compiling for the device and the host at once. The values come from the device profile.
#pragma once

#ifndef __CUDACC__
#define __CUDACC__ 1
#endif
#ifndef __NVCC__
#define __NVCC__ 1
#endif
#ifndef KBK_SIM_ARCH
#define KBK_SIM_ARCH 900
#endif
#define __CUDA_ARCH__ KBK_SIM_ARCH
#define __CUDACC_VER_MAJOR__ 13
#define __CUDACC_VER_MINOR__ 0
