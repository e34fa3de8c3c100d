// The version of CUB that comes with the CUDA that the simulator looks like (kbk_defines.h).
#pragma once

#define CUB_VERSION 300000
#define CUB_MAJOR_VERSION 3
#define CUB_MINOR_VERSION 0
#define CUB_SUBMINOR_VERSION 0
#define CUB_PATCH_NUMBER 0
