// 01/03 The fast copy that crashes: copies x to out, 16 bytes a thread.
//
//   out, x   float32 or bfloat16 [n], contiguous; any n, and views: either may begin anywhere
//
// Its author copied 4,096 elements between fresh tensors and shipped it; the check "their test"
// does the same, and passes. In production, n is not a multiple of 4, and a tensor is a slice of
// another. A fresh tensor begins on a multiple of 16 bytes; a slice need not. An access of 16 bytes
// at another address ends the program, on a GPU and on the simulator.
//
// Mend it, and keep it fast: where x and out begin the same number of bytes after a multiple of 16,
// all but the ends moves 16 bytes a lane. Every element is written once.
// It takes about twelve lines. Check with `kbk check 01/03`.

constexpr int kThreads = 256;

// Bytes of an element of t; 0: a dtype that is not taken.
int64_t element_size(const Tensor& t) {
  switch (t.scalar_type()) {
    case ScalarType::Float: return 4;
    case ScalarType::BFloat16: return 2;
    default: return 0;
  }
}

// A thread a vector.
template <typename T>
__global__ void copy_vectors(T* out, const T* x, int64_t vectors) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < vectors) reinterpret_cast<uint4*>(out)[i] = reinterpret_cast<const uint4*>(x)[i];
}

// TODO: this loses elements at the end of x, and takes for granted where x and out begin.
template <typename T>
void launch_copy(const Tensor& out, const Tensor& x) {
  const int64_t n = x.numel();
  const int64_t vectors = n * sizeof(T) / 16;
  const int64_t threads = vectors;
  if (threads == 0) return;
  copy_vectors<<<(threads + kThreads - 1) / kThreads, kThreads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), vectors);
}

void fast_copy(Tensor out, const Tensor& x) {
  const int64_t size = element_size(x);
  KBK_CHECK(size > 0, "fast_copy: x must be float32 or bfloat16; its dtype is ",
            x.scalar_type());
  KBK_CHECK(out.scalar_type() == x.scalar_type(), "fast_copy: out must have the dtype of x, ",
            x.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.sizes().equals(x.sizes()), "fast_copy: out must have the shape of x, ",
            x.sizes(), "; its shape is ", out.sizes());
  KBK_CHECK(x.is_contiguous() && out.is_contiguous(),
            "fast_copy: x and out must be contiguous; their strides are ", x.strides(), " and ",
            out.strides());
  size == 4 ? launch_copy<unsigned int>(out, x) : launch_copy<unsigned short>(out, x);
}
