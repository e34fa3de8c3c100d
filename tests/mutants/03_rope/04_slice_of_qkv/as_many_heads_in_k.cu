// Mistake: k is taken to have as many heads as q.

constexpr int kThreads = 128;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A thread a pair. Heads 0 to q_heads - 1 of a token are those of q, the others those of k. Each
// tensor has its own strides from a token to the next, and from a head to the next.
template <typename T>
__global__ void rotate_pairs(T* query, T* key, const int64_t* positions, const float* cos_sin,
                             int64_t pairs, int q_heads, int k_heads, int rotary, int64_t q_token,
                             int64_t q_head, int64_t k_token, int64_t k_head) {
  const int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (n >= pairs) return;
  const int half = rotary / 2, heads = q_heads + k_heads, p = int(n % half);
  const int64_t token = n / half / heads, h = n / half % heads;
  T* x = h < q_heads ? query + token * q_token + h * q_head
                     : key + token * k_token + (h - q_heads) * k_head;
  const float* row = cos_sin + positions[token] * rotary;
  const float c = row[p], s = row[half + p];
  const float a = float(x[p]), b = float(x[p + half]);
  x[p] = T(a * c - b * s);
  x[p + half] = T(b * c + a * s);
}

template <typename T>
void launch_rotate(const Tensor& query, const Tensor& key, const Tensor& positions,
                   const Tensor& cos_sin) {
  const int64_t q_heads = query.size(1), k_heads = query.size(1), rotary = cos_sin.size(1);
  const int64_t pairs = query.size(0) * (q_heads + k_heads) * (rotary / 2);
  if (pairs == 0) return;
  rotate_pairs<<<ceil_div(pairs, kThreads), kThreads, 0, current_stream()>>>(
      static_cast<T*>(query.data_ptr()), static_cast<T*>(key.data_ptr()),
      positions.const_data_ptr<int64_t>(), cos_sin.const_data_ptr<float>(), pairs, int(q_heads),
      int(k_heads), int(rotary), query.stride(0), query.stride(1), key.stride(0),
      key.stride(1));
}

void check_heads(const char* name, const Tensor& t, const Tensor& query) {
  KBK_CHECK(t.dim() == 3 && t.size(0) == query.size(0) && t.size(2) == query.size(2) &&
                t.scalar_type() == query.scalar_type(),
            "rope_slices: ", name, " must have three dimensions, and tokens, head_dim and dtype ",
            "of query; its shape is ", t.sizes(), " and its dtype is ", t.scalar_type());
  KBK_CHECK(t.size(2) <= 1 || t.stride(2) == 1, "rope_slices: the elements of a head of ", name,
            " must lie side by side; its strides are ", t.strides());
}

void rope_slices(Tensor query, Tensor key, const Tensor& positions, const Tensor& cos_sin) {
  check_heads("query", query, query);
  check_heads("key", key, query);
  KBK_CHECK(cos_sin.scalar_type() == ScalarType::Float && cos_sin.dim() == 2 &&
                cos_sin.is_contiguous() && cos_sin.size(1) % 2 == 0 &&
                cos_sin.size(1) <= query.size(2),
            "rope_slices: cos_sin must be contiguous float32 with an even number of columns, at ",
            "most head_dim; its shape is ", cos_sin.sizes());
  KBK_CHECK(positions.scalar_type() == ScalarType::Long && positions.dim() == 1 &&
                positions.size(0) == query.size(0) && positions.is_contiguous(),
            "rope_slices: positions must be contiguous int64, one for each of the ", query.size(0),
            " tokens; its shape is ", positions.sizes());
  switch (query.scalar_type()) {
    case ScalarType::Float: return launch_rotate<float>(query, key, positions, cos_sin);
    case ScalarType::Half: return launch_rotate<__half>(query, key, positions, cos_sin);
    case ScalarType::BFloat16:
      return launch_rotate<__nv_bfloat16>(query, key, positions, cos_sin);
    default:
      KBK_CHECK(false, "rope_slices: query must be float32, float16 or bfloat16; its dtype is ",
                query.scalar_type());
  }
}
