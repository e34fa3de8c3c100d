// Mistake: rows of x are taken to lie 2 * d apart.
// Old: 01/06

constexpr int64_t kThreads = 256;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// kCount elements side by side, from a multiple of kAlign bytes on.
template <typename T, int kCount, int kAlign>
struct alignas(kAlign) Vec {
  T at[kCount];
};

__device__ float swiglu_oai(float gate, float up, float alpha, float limit) {
  gate = gate > limit ? limit : gate;  // neither comparison holds for a NaN
  up = up > limit ? limit : up < -limit ? -limit : up;
  return gate / (1.0f + expf(-alpha * gate)) * (up + 1.0f);
}

// A thread takes kPairs pairs of a row. Rows are whole vectors, so out is one list of them.
template <typename T, int kPairs, int kLoad, int kStore>
__global__ void swiglu_oai_kernel(T* out, const T* x, int64_t tokens, int64_t stride, int64_t d,
                                  float alpha, float limit) {
  const int64_t per_row = d / kPairs;
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= tokens * per_row) return;
  const T* row = x + i / per_row * 2 * d;
  const auto pairs = reinterpret_cast<const Vec<T, 2 * kPairs, kLoad>*>(row)[i % per_row];
  Vec<T, kPairs, kStore> y;
  for (int k = 0; k < kPairs; ++k)
    y.at[k] = T(swiglu_oai(float(pairs.at[2 * k]), float(pairs.at[2 * k + 1]), alpha, limit));
  reinterpret_cast<Vec<T, kPairs, kStore>*>(out)[i] = y;
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
  const uintptr_t loads = reinterpret_cast<uintptr_t>(x.data_ptr()) | x.stride(0) * sizeof(T);
  const uintptr_t stores = reinterpret_cast<uintptr_t>(out.data_ptr()) | out.size(1) * sizeof(T);
  const bool wide = loads % 16 == 0 && stores % 8 == 0;
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
