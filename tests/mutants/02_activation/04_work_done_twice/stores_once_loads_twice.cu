// Mistake: the tail stores only new columns, but still loads the others.

constexpr int64_t kMostThreads = 1024;

__device__ float silu(float g) { return g / (1.0f + expf(-g)); }

// kVec elements that move at once.
template <typename T, int kVec>
struct alignas(kVec * sizeof(T)) Vec {
  T at[kVec];
};

// A block a token. Its threads take the vectors of the row in turn, and then what is left.
template <typename T, int kVec>
__global__ void silu_and_mul_kernel(T* out, const T* gate, const T* up, int64_t out_stride,
                                    int64_t gate_stride, int64_t up_stride, int64_t d) {
  using V = Vec<T, kVec>;
  gate += blockIdx.x * gate_stride;
  up += blockIdx.x * up_stride;
  out += blockIdx.x * out_stride;
  for (int64_t v = threadIdx.x; v < d / kVec; v += blockDim.x) {
    const V g = reinterpret_cast<const V*>(gate)[v], u = reinterpret_cast<const V*>(up)[v];
    V y;
    for (int k = 0; k < kVec; ++k) y.at[k] = T(silu(float(g.at[k])) * float(u.at[k]));
    reinterpret_cast<V*>(out)[v] = y;
  }
  const int64_t left = d % (blockDim.x * kVec);
  for (int64_t c = d - left + threadIdx.x; c < d; c += blockDim.x) {
    const volatile T* again = gate;
    const float g = float(const_cast<const T*>(again)[c]);
    if (c >= d / kVec * kVec) out[c] = T(silu(g) * float(up[c]));
  }
}

template <typename T, int kVec>
void launch(const Tensor& out, const Tensor& gate, const Tensor& up) {
  const int64_t tokens = out.size(0), d = out.size(1);
  const int64_t threads = std::max<int64_t>(std::min(d / kVec, kMostThreads), 32);
  silu_and_mul_kernel<T, kVec><<<tokens, threads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(gate.data_ptr()),
      static_cast<const T*>(up.data_ptr()), out.stride(0), gate.stride(0), up.stride(0), d);
}

template <typename T>
void silu_and_mul_of(const Tensor& out, const Tensor& gate, const Tensor& up) {
  const uintptr_t begins = reinterpret_cast<uintptr_t>(out.data_ptr()) |
                           reinterpret_cast<uintptr_t>(gate.data_ptr()) |
                           reinterpret_cast<uintptr_t>(up.data_ptr());
  uintptr_t apart = 0;  // bytes from a row to the next; a row alone has no next
  if (out.size(0) > 1) apart = (out.stride(0) | gate.stride(0) | up.stride(0)) * sizeof(T);
  (begins | apart) % 16 == 0 ? launch<T, 16 / sizeof(T)>(out, gate, up)
                             : launch<T, 1>(out, gate, up);
}

void check_rows(const char* name, const Tensor& t, const Tensor& out) {
  KBK_CHECK(t.scalar_type() == out.scalar_type(), "silu_and_mul: ", name,
            " must have the dtype of out, ", out.scalar_type(), "; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == 2 && t.sizes().equals(out.sizes()), "silu_and_mul: ", name,
            " must have two dimensions and the shape of out, ", out.sizes(), "; its shape is ",
            t.sizes());
  KBK_CHECK(t.stride(1) == 1 && (t.size(0) < 2 || t.stride(0) >= t.size(1)), "silu_and_mul: the ",
            "rows of ", name, " must lie one after the other, their elements side by side; its ",
            "strides are ", t.strides());
}

void silu_and_mul(Tensor out, const Tensor& gate, const Tensor& up) {
  check_rows("out", out, out);
  check_rows("gate", gate, out);
  check_rows("up", up, out);
  if (out.numel() == 0) return;
  switch (out.scalar_type()) {
    case ScalarType::Float: return silu_and_mul_of<float>(out, gate, up);
    case ScalarType::Half: return silu_and_mul_of<__half>(out, gate, up);
    case ScalarType::BFloat16: return silu_and_mul_of<__nv_bfloat16>(out, gate, up);
    default:
      KBK_CHECK(false, "silu_and_mul: out must be float32, float16 or bfloat16; its dtype is ",
                out.scalar_type());
  }
}
