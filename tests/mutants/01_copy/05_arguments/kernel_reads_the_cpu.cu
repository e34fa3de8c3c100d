// Mistake: passes the address: the simulator lets a kernel read the memory of the CPU, a GPU need not.

#include <algorithm>

constexpr int kThreads = 256;
constexpr int64_t kCapacity = 1020;  // values a launch

__global__ void store_values(int32_t* out, int64_t count, const int32_t* input) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) out[i] = input[i];
}

void store_all(int32_t* out, const int32_t* input, int64_t n) {
  for (int64_t first = 0; first < n; first += kCapacity) {
    const int64_t count = std::min(n - first, kCapacity);
    store_values<<<(count + kThreads - 1) / kThreads, kThreads, 0, current_stream()>>>(
        out + first, count, input + first);
  }
}

void check_list(const char* name, const Tensor& t) {
  KBK_CHECK(t.scalar_type() == ScalarType::Int, "copy_to_gpu_no_ce: ", name,
            " must be int32; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == 1 && t.is_contiguous(), "copy_to_gpu_no_ce: ", name,
            " must be contiguous and have one dimension; its shape is ", t.sizes(),
            " and its strides are ", t.strides());
  KBK_CHECK(t.numel() <= 65536, "copy_to_gpu_no_ce: ", name,
            " must have at most 65,536 elements; it has ", t.numel());
}

void copy_to_gpu_no_ce(const HostTensor& input, Tensor output) {
  check_list("input", input);
  check_list("output", output);
  KBK_CHECK(output.numel() == input.numel(),
            "copy_to_gpu_no_ce: output must have the shape of input, ", input.sizes(),
            "; its shape is ", output.sizes());
  store_all(output.mutable_data_ptr<int32_t>(), static_cast<const int32_t*>(input.data_ptr()),
            input.numel());
}
