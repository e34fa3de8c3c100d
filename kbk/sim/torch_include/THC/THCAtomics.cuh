// Stands for torch's <THC/THCAtomics.cuh>, the older name of <ATen/cuda/Atomic.cuh>.
#pragma once

#include <ATen/cuda/Atomic.cuh>
