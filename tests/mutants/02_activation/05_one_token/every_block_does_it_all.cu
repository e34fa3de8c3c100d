// Mistake: seven blocks a token, each of which does the whole token.

constexpr int64_t kThreads = 256;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

__device__ float silu(float g) { return g / (1.0f + expf(-g)); }

// kVec elements that move at once.
template <typename T, int kVec>
struct alignas(kVec * sizeof(T)) Vec {
  T at[kVec];
};

// Vector v of a row: its gates at gates[v], its values at ups[v]. d is a multiple of kVec.
template <typename T, int kVec>
__device__ void silu_and_mul_vector(T* out, const T* row, int64_t d, int64_t v) {
  using V = Vec<T, kVec>;
  const V g = reinterpret_cast<const V*>(row)[v], u = reinterpret_cast<const V*>(row + d)[v];
  V y;
  for (int k = 0; k < kVec; ++k) y.at[k] = T(silu(float(g.at[k])) * float(u.at[k]));
  reinterpret_cast<V*>(out)[v] = y;
}

// A thread a vector, over all rows: a block may end one row and begin the next.
template <typename T, int kVec>
__global__ void silu_and_mul_kernel(T* out, const T* x, int64_t tokens, int64_t stride, int64_t d) {
  const int64_t parts = (d / kVec + blockDim.x - 1) / blockDim.x, t = blockIdx.x / parts;
  for (int64_t v = threadIdx.x; v < d / kVec; v += blockDim.x)
    silu_and_mul_vector<T, kVec>(out + t * d, x + t * stride, d, v);
}

template <typename T, int kVec>
void launch(const Tensor& out, const Tensor& x) {
  const int64_t tokens = out.size(0), d = out.size(1);
  const int64_t blocks = tokens * ceil_div(d / kVec, kThreads);
  silu_and_mul_kernel<T, kVec><<<blocks, std::min(d / kVec, kThreads), 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), tokens, x.stride(0), d);
}

template <typename T>
void silu_and_mul_of(const Tensor& out, const Tensor& x) {
  const uintptr_t begins = reinterpret_cast<uintptr_t>(x.data_ptr()) |
                           reinterpret_cast<uintptr_t>(out.data_ptr());
  const uintptr_t apart = (x.stride(0) | out.size(1)) * sizeof(T);  // rows, and halves of a row
  (begins | apart) % 16 == 0 ? launch<T, 16 / sizeof(T)>(out, x) : launch<T, 1>(out, x);
}

void silu_and_mul(Tensor out, const Tensor& x) {
  KBK_CHECK(out.dim() == 2 && x.dim() == 2 && out.size(0) == x.size(0) &&
                2 * out.size(1) == x.size(1),
            "silu_and_mul: x must be [tokens, 2 * d] and out [tokens, d]; their shapes are ",
            x.sizes(), " and ", out.sizes());
  KBK_CHECK(out.scalar_type() == x.scalar_type(), "silu_and_mul: out must have the dtype of x, ",
            x.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.is_contiguous(), "silu_and_mul: out must be contiguous; its strides are ",
            out.strides());
  KBK_CHECK(x.stride(1) == 1 && (x.size(0) < 2 || x.stride(0) >= x.size(1)),
            "silu_and_mul: the rows of x must lie one after the other, their elements side by ",
            "side; its strides are ", x.strides());
  if (out.numel() == 0) return;
  switch (x.scalar_type()) {
    case ScalarType::Float: return silu_and_mul_of<float>(out, x);
    case ScalarType::Half: return silu_and_mul_of<__half>(out, x);
    case ScalarType::BFloat16: return silu_and_mul_of<__nv_bfloat16>(out, x);
    default:
      KBK_CHECK(false, "silu_and_mul: x must be float32, float16 or bfloat16; its dtype is ",
                x.scalar_type());
  }
}
