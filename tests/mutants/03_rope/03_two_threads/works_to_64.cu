// Mistake: a thread has two elements, so that a warp has a head of 64; longer heads have more.

// A thread owns a pair: it reads both elements and writes both. Nobody else touches them.
template <typename T>
__global__ void rotate_heads(T* x, const int64_t* positions, const float* cos_sin, int heads,
                             int head_dim) {
  const int half = head_dim / 2, i = threadIdx.x;
  const int64_t head = blockIdx.x, token = head / heads;
  const float* row = cos_sin + positions[token] * head_dim;
  T* mine = x + head * head_dim;
  if (2 * i >= head_dim) return;
  float turned[2];
  for (int e = 2 * i; e < 2 * i + 2; ++e) {
    const float own = float(mine[e]), partner = float(mine[e < half ? e + half : e - half]);
    const float c = row[e % half], s = row[half + e % half];
    turned[e % 2] = e < half ? own * c - partner * s : own * c + partner * s;
  }
  __syncwarp();
  for (int e = 2 * i; e < 2 * i + 2; ++e) mine[e] = T(turned[e % 2]);
}

// A block a head, a thread a pair.
template <typename T>
void launch_rotate(const Tensor& x, const Tensor& positions, const Tensor& cos_sin) {
  if (x.numel() == 0) return;
  const int64_t head_dim = x.size(2);
  rotate_heads<<<x.numel() / head_dim, head_dim / 2, 0, current_stream()>>>(
      static_cast<T*>(x.data_ptr()), positions.const_data_ptr<int64_t>(),
      cos_sin.const_data_ptr<float>(), int(x.size(1)), int(head_dim));
}

void rope_heads(Tensor x, const Tensor& positions, const Tensor& cos_sin) {
  KBK_CHECK(x.dim() == 3 && x.is_contiguous() && x.size(2) % 2 == 0 && x.size(2) <= 1024,
            "rope_heads: x must be contiguous, with three dimensions, the last of them even and ",
            "at most 1,024; its shape is ", x.sizes(), " and its strides are ", x.strides());
  KBK_CHECK(cos_sin.scalar_type() == ScalarType::Float && cos_sin.dim() == 2 &&
                cos_sin.size(1) == x.size(2) && cos_sin.is_contiguous(),
            "rope_heads: cos_sin must be contiguous float32 with ", x.size(2),
            " columns; its shape is ", cos_sin.sizes());
  KBK_CHECK(positions.scalar_type() == ScalarType::Long && positions.dim() == 1 &&
                positions.size(0) == x.size(0) && positions.is_contiguous(),
            "rope_heads: positions must be contiguous int64, one for each of the ", x.size(0),
            " tokens; its shape is ", positions.sizes());
  switch (x.scalar_type()) {
    case ScalarType::Float: return launch_rotate<float>(x, positions, cos_sin);
    case ScalarType::Half: return launch_rotate<__half>(x, positions, cos_sin);
    case ScalarType::BFloat16: return launch_rotate<__nv_bfloat16>(x, positions, cos_sin);
    default:
      KBK_CHECK(false, "rope_heads: x must be float32, float16 or bfloat16; its dtype is ",
                x.scalar_type());
  }
}
