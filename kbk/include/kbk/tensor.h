// The tensor types of a host function: Tensor lives on the machine that runs the kernel, HostTensor on the CPU.
#pragma once

#include <torch/csrc/stable/tensor.h>

#include <utility>

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

// A tensor in CPU memory, also where the kernel runs on a GPU. Used like a Tensor.
class HostTensor : public Tensor {
 public:
  explicit HostTensor(Tensor tensor) : Tensor(std::move(tensor)) {}
};
