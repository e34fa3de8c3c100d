// Mistake: 8 is taken for the alignment of 16 bytes.
// Old: 01/03

constexpr int64_t kMostThreads = 1024;

__device__ float silu(float g) { return g / (1.0f + expf(-g)); }

// kVec elements that move at once.
template <typename T, int kVec>
struct alignas(kVec * sizeof(T)) Vec {
  T at[kVec];
};

// A block a token. Its threads take the vectors of the row in turn.
template <typename T, int kVec>
__global__ void silu_and_mul_kernel(T* out, const T* x, int64_t stride, int64_t d) {
  using V = Vec<T, kVec>;
  const V* gates = reinterpret_cast<const V*>(x + blockIdx.x * stride);
  const V* ups = reinterpret_cast<const V*>(x + blockIdx.x * stride + d);
  V* to = reinterpret_cast<V*>(out + blockIdx.x * d);
  for (int64_t v = threadIdx.x; v < d / kVec; v += blockDim.x) {
    const V gate = gates[v], up = ups[v];
    V y;
    for (int k = 0; k < kVec; ++k) y.at[k] = T(silu(float(gate.at[k])) * float(up.at[k]));
    to[v] = y;
  }
}

template <typename T, int kVec>
void launch(const Tensor& out, const Tensor& x) {
  const int64_t tokens = out.size(0), d = out.size(1);
  silu_and_mul_kernel<T, kVec>
      <<<tokens, std::min(d / kVec, kMostThreads), 0, current_stream()>>>(
          static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), x.stride(0), d);
}

// 16 bytes at once where each address that a lane forms is a multiple of 16.
template <typename T>
void silu_and_mul_of(const Tensor& out, const Tensor& x) {
  if (out.numel() == 0) return;
  const uintptr_t begins = reinterpret_cast<uintptr_t>(x.data_ptr()) |
                           reinterpret_cast<uintptr_t>(out.data_ptr());
  const uintptr_t apart = (x.stride(0) | out.size(1)) * sizeof(T);  // rows, and halves of a row
  const bool wide = (begins | apart) % 8 == 0;
  wide ? launch<T, 16 / sizeof(T)>(out, x) : launch<T, 1>(out, x);
}

void silu_and_mul(Tensor out, const Tensor& x) {
  KBK_CHECK(out.dim() == 2 && x.dim() == 2 && out.size(0) == x.size(0) && out.size(1) > 0 &&
                2 * out.size(1) == x.size(1),
            "silu_and_mul: x must be [tokens, 2 * d] and out [tokens, d], d at least 1; their ",
            "shapes are ", x.sizes(), " and ", out.sizes());
  KBK_CHECK(out.scalar_type() == x.scalar_type(), "silu_and_mul: out must have the dtype of x, ",
            x.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.is_contiguous(), "silu_and_mul: out must be contiguous; its strides are ",
            out.strides());
  KBK_CHECK(x.stride(1) == 1 && (x.size(0) < 2 || x.stride(0) >= x.size(1)),
            "silu_and_mul: the rows of x must lie one after the other, their elements side by ",
            "side; its strides are ", x.strides());
  switch (x.scalar_type()) {
    case ScalarType::Float: return silu_and_mul_of<float>(out, x);
    case ScalarType::Half: return silu_and_mul_of<__half>(out, x);
    case ScalarType::BFloat16: return silu_and_mul_of<__nv_bfloat16>(out, x);
    default:
      KBK_CHECK(false, "silu_and_mul: x must be float32, float16 or bfloat16; its dtype is ",
                x.scalar_type());
  }
}
