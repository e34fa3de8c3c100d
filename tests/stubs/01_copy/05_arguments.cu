// 01/05 Data in the arguments: copies a list from the CPU to the GPU without a copy.
//
//   input    int32 [N] in the memory of the CPU, contiguous; N up to 65,536
//   output   int32 [N] on the machine that runs the kernel, contiguous
//
// The arguments of a kernel travel with its launch: no copy engine, no pinned memory, no wait. Put
// the values into a struct that the kernel takes by value, and launch as often as it takes. When
// the call returns, the host has read input, so that input may change.
//
// Limits. Every GPU with every CUDA takes 4,096 bytes of arguments a launch. A pointer and a count
// need 16 of them, so kCapacity is (4,096 - 16) / 4 = 1,020 values. (The page's version carries
// more, which needs CUDA 12.1 or newer.) N values take exactly
// ceil(N / kCapacity) launches; N = 0 takes none. No cudaMemcpy nor anything like it, and no kernel
// that reads the memory of the CPU.
//
// Write the struct, the kernel and the loop over launches: about fifteen lines.
// Check with `kbk check 01/05`.

#include <algorithm>

constexpr int kThreads = 256;
constexpr int64_t kCapacity = 1020;  // values a launch

// TODO: store the n values of input, which lie on the CPU, to out, which lies on the GPU.
void store_all(int32_t* out, const int32_t* input, int64_t n) {}

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
