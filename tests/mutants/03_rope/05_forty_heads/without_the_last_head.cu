// Mistake: the walk over the heads ends one too early.

constexpr int kThreads = 128, kLanes = 16;  // lanes: of a worker

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Four elements of 2 or 4 bytes, in one access.
template <int kBytes> struct Word { using type = uint2; };
template <> struct Word<4> { using type = uint4; };

// Rotates four pairs: those at x[0..3] and x[half..half + 3].
template <typename T>
__device__ void rotate_four(T* x, int half, float4 cos, float4 sin) {
  using W = typename Word<sizeof(T)>::type;
  W low = *reinterpret_cast<W*>(x), high = *reinterpret_cast<W*>(x + half);
  T *a = reinterpret_cast<T*>(&low), *b = reinterpret_cast<T*>(&high);
  const float c[4] = {cos.x, cos.y, cos.z, cos.w}, s[4] = {sin.x, sin.y, sin.z, sin.w};
  for (int i = 0; i < 4; ++i) {
    const float first = float(a[i]), second = float(b[i]);
    a[i] = T(first * c[i] - second * s[i]);
    b[i] = T(second * c[i] + first * s[i]);
  }
  *reinterpret_cast<W*>(x) = low;
  *reinterpret_cast<W*>(x + half) = high;
}

// A worker has a token: it walks the heads, and keeps their cosines and sines.
template <typename T, typename Position>
__global__ void rotate_heads(T* query, T* key, const Position* positions, const float* cos_sin,
                             int64_t tokens, int q_heads, int k_heads, int head_dim) {
  const int64_t token = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / kLanes;
  const int lane = threadIdx.x % kLanes, heads = q_heads + k_heads, half = head_dim / 2;
  if (token >= tokens) return;
  const float* row = cos_sin + int64_t(positions[token]) * head_dim;
  for (int i = 4 * lane; i < half; i += 4 * kLanes) {
    const float4 c = *reinterpret_cast<const float4*>(row + i);
    const float4 s = *reinterpret_cast<const float4*>(row + half + i);
    for (int h = 0; h + 1 < heads; ++h) {
      T* x = h < q_heads ? query + (token * q_heads + h) * head_dim
                         : key + (token * k_heads + h - q_heads) * head_dim;
      rotate_four(x + i, half, c, s);
    }
  }
}

template <typename T, typename Position>
void launch_rotate(const Tensor& query, const Tensor& key, const Tensor& positions,
                   const Tensor& cos_sin) {
  const int64_t tokens = query.size(0), q_heads = query.size(1), k_heads = key.size(1);
  if (query.numel() + key.numel() == 0) return;
  rotate_heads<<<ceil_div(tokens * kLanes, kThreads), kThreads, 0, current_stream()>>>(
      static_cast<T*>(query.data_ptr()), static_cast<T*>(key.data_ptr()),
      positions.const_data_ptr<Position>(), cos_sin.const_data_ptr<float>(), tokens, int(q_heads),
      int(k_heads), int(query.size(2)));
}

template <typename T>
void launch_by_position(const Tensor& query, const Tensor& key, const Tensor& positions,
                        const Tensor& cos_sin) {
  if (positions.scalar_type() == ScalarType::Int)
    launch_rotate<T, int32_t>(query, key, positions, cos_sin);
  else
    launch_rotate<T, int64_t>(query, key, positions, cos_sin);
}

void check(const char* name, const Tensor& t, const Tensor& query) {
  KBK_CHECK(t.scalar_type() == query.scalar_type() && t.dim() == 3 && t.is_contiguous() &&
                t.size(0) == query.size(0) && t.size(2) == query.size(2) && t.size(2) % 8 == 0 &&
                reinterpret_cast<uintptr_t>(t.data_ptr()) % 16 == 0,
            "rope_qk: ", name, " must be contiguous from a multiple of 16 bytes on, with tokens, ",
            "head_dim (a multiple of 8) and dtype of query; its shape is ", t.sizes());
}

void rope_qk(Tensor query, Tensor key, const Tensor& positions, const Tensor& cos_sin) {
  check("query", query, query);
  check("key", key, query);
  KBK_CHECK(cos_sin.scalar_type() == ScalarType::Float && cos_sin.is_contiguous() &&
                cos_sin.dim() == 2 && cos_sin.size(1) == query.size(2),
            "rope_qk: cos_sin must be contiguous float32 with ", query.size(2),
            " columns; its shape is ", cos_sin.sizes());
  const auto dtype = positions.scalar_type();
  KBK_CHECK((dtype == ScalarType::Int || dtype == ScalarType::Long) && positions.dim() == 1 &&
                positions.size(0) == query.size(0) && positions.is_contiguous(),
            "rope_qk: positions must be int32 or int64, one for each of the ", query.size(0),
            " tokens; its shape is ", positions.sizes());
  switch (query.scalar_type()) {
    case ScalarType::Float: return launch_by_position<float>(query, key, positions, cos_sin);
    case ScalarType::Half: return launch_by_position<__half>(query, key, positions, cos_sin);
    case ScalarType::BFloat16:
      return launch_by_position<__nv_bfloat16>(query, key, positions, cos_sin);
    default:
      KBK_CHECK(false, "rope_qk: query must be float32, float16 or bfloat16; its dtype is ",
                query.scalar_type());
  }
}
