// Stands for torch's <THC/THCDeviceUtils.cuh>, the older name of <ATen/cuda/DeviceUtils.cuh>.
#pragma once

#include <ATen/ceil_div.h>
#include <ATen/cuda/DeviceUtils.cuh>

template <class T>
inline T THCCeilDiv(T a, T b) { return (a + b - 1) / b; }
template <class T>
inline T THCRoundUp(T a, T b) { return THCCeilDiv(a, b) * b; }
