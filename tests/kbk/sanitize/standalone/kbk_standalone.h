// What a program of the corpus sees of kbk when nvcc alone builds it: a Tensor without torch, KBK_CHECK, current_stream.
//
// Each argument is an allocation of its own, of exactly its storage's bytes: compute-sanitizer sees the first byte past it.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#define KBK_CHECK(condition, ...)                                                       \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      std::fprintf(stderr, "%s:%d: %s must hold\n", __FILE__, __LINE__, #condition);    \
      std::exit(3);                                                                     \
    }                                                                                   \
  } while (0)

#define KBK_STANDALONE_CUDA(call)                                                       \
  do {                                                                                  \
    const cudaError_t status = (call);                                                  \
    if (status != cudaSuccess) {                                                        \
      std::fprintf(stderr, "%s: %s\n", #call, cudaGetErrorString(status));              \
      std::exit(4);                                                                     \
    }                                                                                   \
  } while (0)

inline cudaStream_t current_stream() { return nullptr; }

enum class ScalarType : int8_t { Byte, Char, Int, Long, Half, Float, Double, BFloat16 };

namespace torch::headeronly {
using ScalarType = ::ScalarType;
}

class Tensor {
 public:
  Tensor() = default;
  Tensor(void* storage, int64_t bytes, ScalarType type, int64_t offset, std::vector<int64_t> sizes, std::vector<int64_t> strides)
      : storage_(storage), bytes_(bytes), type_(type), offset_(offset), sizes_(std::move(sizes)), strides_(std::move(strides)) {}

  static int64_t size_of(ScalarType type) {
    switch (type) {
      case ScalarType::Byte: case ScalarType::Char: return 1;
      case ScalarType::Half: case ScalarType::BFloat16: return 2;
      case ScalarType::Int: case ScalarType::Float: return 4;
      default: return 8;
    }
  }

  void* data_ptr() const { return static_cast<char*>(storage_) + offset_ * size_of(type_); }
  void* mutable_data_ptr() const { return data_ptr(); }
  const void* const_data_ptr() const { return data_ptr(); }
  template <class T>
  T* mutable_data_ptr() const { return static_cast<T*>(data_ptr()); }
  template <class T>
  const T* const_data_ptr() const { return static_cast<const T*>(data_ptr()); }
  int64_t dim() const { return static_cast<int64_t>(sizes_.size()); }
  int64_t size(int64_t d) const { return sizes_.at(d < 0 ? d + dim() : d); }
  int64_t stride(int64_t d) const { return strides_.at(d < 0 ? d + dim() : d); }
  const std::vector<int64_t>& sizes() const { return sizes_; }
  int64_t numel() const {
    int64_t n = 1;
    for (const int64_t s : sizes_) n *= s;
    return n;
  }
  size_t element_size() const { return size_of(type_); }
  ScalarType scalar_type() const { return type_; }

  void* storage() const { return storage_; }
  int64_t storage_bytes() const { return bytes_; }

 private:
  void* storage_ = nullptr;
  int64_t bytes_ = 0;
  ScalarType type_ = ScalarType::Byte;
  int64_t offset_ = 0;
  std::vector<int64_t> sizes_, strides_;
};

// The part of torch's stable ABI that allocates; as torch's caching allocator, these do not zero.
namespace torch::stable {
using Tensor = ::Tensor;

inline Tensor allocate(std::vector<int64_t> sizes, ScalarType type) {
  std::vector<int64_t> strides(sizes.size());
  int64_t n = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    strides[d] = n;
    n *= sizes[d];
  }
  void* storage = nullptr;
  KBK_STANDALONE_CUDA(cudaMalloc(&storage, n * Tensor::size_of(type)));
  return Tensor(storage, n * Tensor::size_of(type), type, 0, std::move(sizes), std::move(strides));
}
inline Tensor empty_like(const Tensor& t) { return allocate(t.sizes(), t.scalar_type()); }
inline Tensor new_empty(const Tensor& t, std::vector<int64_t> sizes) { return allocate(std::move(sizes), t.scalar_type()); }
inline Tensor new_zeros(const Tensor& t, std::vector<int64_t> sizes) {
  Tensor made = new_empty(t, std::move(sizes));
  KBK_STANDALONE_CUDA(cudaMemset(made.storage(), 0, made.storage_bytes()));
  return made;
}
inline Tensor& zero_(Tensor& t) {
  KBK_STANDALONE_CUDA(cudaMemset(t.storage(), 0, t.storage_bytes()));
  return t;
}
}  // namespace torch::stable
