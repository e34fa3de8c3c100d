// 02/06 swiglu_oai_and_mul: the activation of gpt-oss, whose gates and values lie in pairs.
//
//   out   [tokens, d], contiguous
//   x     [tokens, 2 * d], dtype of out: element 2 * c of a row is gate c, element 2 * c + 1 is the
//         value that it gates. Elements lie side by side, rows x.stride(0) >= 2 * d elements apart
//
//   g = min(gate, limit)                u = value, kept between -limit and limit
//   out = g * sigmoid(alpha * g) * (u + 1)        sigmoid(z) = 1 / (1 + exp(-z))
//
// The dtype is float32, float16 or bfloat16; any d, odd ones too, any number of tokens, any view.
//
// Limits:
//   answers    float32 inside, one rounding at the store. A NaN in gate or value gives NaN.
//   cost       One launch. Where loads of 16 bytes and stores of 8 are possible for every row:
//              at most ceil(row bytes / 512) load requests a row, and no excess sector.
//
// So: a lane loads 16 bytes and stores the 8 that come of them. Two loads for a store of 16 would
// make each request touch every second half of a sector.
//
// Write the function, the kernel and the choice: about fifteen lines. Check with `kbk check 02/06`.

constexpr int64_t kThreads = 256;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// kCount elements side by side, from a multiple of kAlign bytes on.
template <typename T, int kCount, int kAlign>
struct alignas(kAlign) Vec {
  T at[kCount];
};

__device__ float swiglu_oai(float gate, float up, float alpha, float limit) {
  return gate;
}

// TODO: a thread for kPairs pairs of a row, loaded as a Vec at a multiple of kLoad bytes, and
// stored as one of kStore. Write swiglu_oai above it, and choose the sizes below.
template <typename T, int kPairs, int kLoad, int kStore>
__global__ void swiglu_oai_kernel(T* out, const T* x, int64_t tokens, int64_t stride, int64_t d,
                                  float alpha, float limit) {
  const int64_t per_row = d / kPairs;
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
}

template <typename T, int kPairs, int kLoad, int kStore>
void launch(const Tensor& out, const Tensor& x, float alpha, float limit) {
  const int64_t tokens = out.size(0), d = out.size(1);
  const int64_t blocks = ceil_div(tokens * (d / kPairs), kThreads);
  swiglu_oai_kernel<T, kPairs, kLoad, kStore><<<blocks, kThreads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), tokens, x.stride(0), d,
      alpha, limit);
}

template <typename T>
void swiglu_oai_of(const Tensor& out, const Tensor& x, float alpha, float limit) {
  const bool wide = false;  // whether every row can move in loads of 16 bytes and stores of 8
  wide ? launch<T, 8 / sizeof(T), 16, 8>(out, x, alpha, limit)
       : launch<T, 1, sizeof(T), sizeof(T)>(out, x, alpha, limit);
}

void swiglu_oai_and_mul(Tensor out, const Tensor& x, double alpha, double limit) {
  KBK_CHECK(out.dim() == 2 && x.dim() == 2 && out.size(0) == x.size(0) &&
                2 * out.size(1) == x.size(1),
            "swiglu_oai_and_mul: x must be [tokens, 2 * d] and out [tokens, d]; their shapes are ",
            x.sizes(), " and ", out.sizes());
  KBK_CHECK(out.scalar_type() == x.scalar_type(), "swiglu_oai_and_mul: out must have the dtype of ",
            "x, ", x.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.is_contiguous(), "swiglu_oai_and_mul: out must be contiguous; its strides are ",
            out.strides());
  KBK_CHECK(x.stride(1) == 1 && (x.size(0) < 2 || x.stride(0) >= x.size(1)),
            "swiglu_oai_and_mul: the rows of x must lie one after the other, their elements side ",
            "by side; its strides are ", x.strides());
  KBK_CHECK(limit > 0, "swiglu_oai_and_mul: limit must be above 0; it was ", limit);
  if (out.numel() == 0) return;
  switch (x.scalar_type()) {
    case ScalarType::Float: return swiglu_oai_of<float>(out, x, alpha, limit);
    case ScalarType::Half: return swiglu_oai_of<__half>(out, x, alpha, limit);
    case ScalarType::BFloat16: return swiglu_oai_of<__nv_bfloat16>(out, x, alpha, limit);
    default:
      KBK_CHECK(false, "swiglu_oai_and_mul: x must be float32, float16 or bfloat16; its dtype is ",
                x.scalar_type());
  }
}
