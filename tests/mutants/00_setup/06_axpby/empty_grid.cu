// Mistake: a grid of 0 blocks is launched for no elements.

// 00/06 axpby. Build it: out = a * x + b * y, element by element.
//
//   out, x, y: the same shape and dtype, one of float32, float16 and bfloat16;
//              contiguous; any number of elements. out may be x or y itself.
//   a, b:      numbers.
//
// Limits: the arithmetic is float32, and only the result is rounded to the dtype.
// Infinities, NaN and -0 behave as in IEEE 754: 0 * inf is NaN. One launch; none for no
// elements. Each element of x and y is read once, each element of out is written once.
//
// Check: kbk check 00/06

constexpr int kThreads = 256;  // threads a block

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One thread an element.
template <typename T>
__global__ void axpby_kernel(T* out, const T* x, const T* y, float a, float b,
                             int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = T(a * float(x[i]) + b * float(y[i]));
}

// T is the element: float, __half or __nv_bfloat16. float(t) widens, T(f) rounds.
template <typename T>
void launch_axpby(const Tensor& out, const Tensor& x, const Tensor& y, float a,
                  float b) {
  const int64_t n = x.numel();
  axpby_kernel<<<ceil_div(n, kThreads), kThreads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()),
      static_cast<const T*>(y.data_ptr()), a, b, n);
}

void check_like_x(const char* name, const Tensor& t, const Tensor& x) {
  KBK_CHECK(t.scalar_type() == x.scalar_type(), "axpby: ", name, " must have the ",
            "dtype of x, ", x.scalar_type(), "; its dtype is ", t.scalar_type());
  KBK_CHECK(t.sizes().equals(x.sizes()), "axpby: ", name, " must have the shape of x, ",
            x.sizes(), "; its shape is ", t.sizes());
  KBK_CHECK(t.is_contiguous(), "axpby: ", name, " must be contiguous; its shape is ",
            t.sizes(), " and its strides are ", t.strides());
}

// out takes the place of `t` or keeps clear of it.
void check_overlap(const char* name, const Tensor& out, const Tensor& t) {
  const char* first_out = static_cast<const char*>(out.data_ptr());
  const char* first_t = static_cast<const char*>(t.data_ptr());
  const int64_t bytes = t.numel() * t.element_size();
  KBK_CHECK(first_out == first_t || first_out + bytes <= first_t ||
            first_t + bytes <= first_out, "axpby: out must not overlap ", name,
            " in part; it begins ", first_out - first_t, " bytes after it");
}

void axpby(Tensor out, const Tensor& x, const Tensor& y, double a, double b) {
  check_like_x("x", x, x);
  check_like_x("y", y, x);
  check_like_x("out", out, x);
  check_overlap("x", out, x);
  check_overlap("y", out, y);
  switch (x.scalar_type()) {
    case ScalarType::Float: return launch_axpby<float>(out, x, y, a, b);
    case ScalarType::Half: return launch_axpby<__half>(out, x, y, a, b);
    case ScalarType::BFloat16: return launch_axpby<__nv_bfloat16>(out, x, y, a, b);
    default:
      KBK_CHECK(false, "axpby: x must be float32, float16 or bfloat16; its dtype is ",
                x.scalar_type());
  }
}
