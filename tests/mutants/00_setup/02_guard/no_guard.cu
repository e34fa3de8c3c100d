// Mistake: nothing keeps the threads without an element from memory.

// 00/02 The guard. scale: out = a * x, one thread an element. Write the kernel's body:
// the index of the thread's element, and what keeps the threads that have no element
// from touching memory. The host function below is done.
//
//   out, x: float32, any number n of elements, also 0.   a: a number.
//
// Check: kbk check 00/02

constexpr int kThreads = 256;  // threads a block

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One thread an element. The grid has ceil(n / kThreads) blocks of kThreads threads.
__global__ void scale_kernel(float* out, const float* x, float a, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  out[i] = a * x[i];
}

void check_float32(const char* name, const Tensor& t) {
  KBK_CHECK(t.scalar_type() == ScalarType::Float, "scale: ", name,
            " must be float32; its dtype is ", t.scalar_type());
  KBK_CHECK(t.is_contiguous(), "scale: ", name, " must be contiguous; its shape is ",
            t.sizes(), " and its strides are ", t.strides());
}

void scale(Tensor out, const Tensor& x, double a) {
  check_float32("out", out);
  check_float32("x", x);
  KBK_CHECK(out.sizes().equals(x.sizes()), "scale: out must have the shape of x, ",
            x.sizes(), "; its shape is ", out.sizes());
  const int64_t n = x.numel();
  if (n == 0) return;  // a grid of no blocks cannot be launched
  scale_kernel<<<ceil_div(n, kThreads), kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), float(a), n);
}
