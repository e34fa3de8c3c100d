// 02/02 gelu_tanh_and_mul: the activation of a Gemma MLP and the product behind it, in one kernel.
//
//   out   [tokens, d], contiguous
//   x     [tokens, 2 * d], contiguous, dtype of out: a row holds d gates, then the d values that
//         they gate
//
//   out[t][c] = gelu(x[t][c]) * x[t][d + c]
//   gelu(g)   = g / 2 * (1 + tanh(sqrt(2 / pi) * (g + 0.044715 * g * g * g)))
//
// The dtype is float32, float16 or bfloat16; any d, any number of tokens. The arithmetic is
// float32: float(t) widens an element t, T(f) rounds a float, and that happens once, at the store.
// Infinities and NaN take the course that the formula gives them. One tanh an element.
//
// Write the function and the rest of the kernel: about eight lines. Check with `kbk check 02/02`.

constexpr int kThreads = 256;
constexpr float kSqrtTwoOverPi = 0.7978845608f;
constexpr float kCubic = 0.044715f;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

__device__ float gelu_tanh(float g) {
  return g;
}

// One thread an element of out: element i lies in row i / d, column i % d.
template <typename T>
__global__ void gelu_tanh_and_mul_kernel(T* out, const T* x, int64_t tokens, int64_t d) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  // TODO: let no thread without an element go on; find its gate and its value in x, and store the
  // product of gelu_tanh(gate) and the value. gelu_tanh above is yours too.
}

template <typename T>
void launch(const Tensor& out, const Tensor& x) {
  const int64_t tokens = out.size(0), d = out.size(1);
  gelu_tanh_and_mul_kernel<<<ceil_div(tokens * d, kThreads), kThreads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), tokens, d);
}

void gelu_tanh_and_mul(Tensor out, const Tensor& x) {
  KBK_CHECK(out.dim() == 2 && x.dim() == 2 && out.size(0) == x.size(0) &&
                2 * out.size(1) == x.size(1),
            "gelu_tanh_and_mul: x must be [tokens, 2 * d] and out [tokens, d]; their shapes are ",
            x.sizes(), " and ", out.sizes());
  KBK_CHECK(out.scalar_type() == x.scalar_type(), "gelu_tanh_and_mul: out must have the dtype of ",
            "x, ", x.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.is_contiguous() && x.is_contiguous(),
            "gelu_tanh_and_mul: out and x must be contiguous; their strides are ", out.strides(),
            " and ", x.strides());
  if (out.numel() == 0) return;
  switch (x.scalar_type()) {
    case ScalarType::Float: return launch<float>(out, x);
    case ScalarType::Half: return launch<__half>(out, x);
    case ScalarType::BFloat16: return launch<__nv_bfloat16>(out, x);
    default:
      KBK_CHECK(false, "gelu_tanh_and_mul: x must be float32, float16 or bfloat16; its dtype is ",
                x.scalar_type());
  }
}
