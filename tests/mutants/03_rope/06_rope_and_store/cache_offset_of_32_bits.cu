// Mistake: where a row of a cache begins, in 32 bits.
// Old: 01/06

// What a launch needs; strides count elements.
template <typename T>
struct Work {
  T *query, *key;
  const T* value;
  T *key_cache, *value_cache;
  const float* cos_sin;
  const int64_t* slots;
  int64_t tokens;
  int q_heads, k_heads, head_dim, rotary;
  int64_t q_token, q_head, k_token, k_head, v_token, v_head, key_row, value_row;
};

constexpr int kThreads = 256;

// A block a token. First the pairs of q and k; then what is only stored.
template <typename T, typename Position>
__global__ void rope_store(Work<T> w, const Position* positions) {
  const int64_t token = blockIdx.x, slot = w.slots[token];
  const int half = w.rotary / 2;
  const float* row = w.cos_sin + int64_t(positions[token]) * w.rotary;
  T* key_row = w.key_cache + int(unsigned(slot) * unsigned(w.key_row));
  for (int n = threadIdx.x; n < (w.q_heads + w.k_heads) * half; n += kThreads) {
    const int head = n / half, h = head - w.q_heads, p = n % half;  // h < 0: a head of q
    T* x = h < 0 ? w.query + token * w.q_token + head * w.q_head
                 : w.key + token * w.k_token + h * w.k_head;
    const float a = float(x[p]), b = float(x[p + half]), c = row[p], s = row[p + half];
    const T first = T(a * c - b * s), second = T(b * c + a * s);
    x[p] = first;
    x[p + half] = second;
    if (h < 0 || slot < 0) continue;
    key_row[h * w.head_dim + p] = first;
    key_row[h * w.head_dim + p + half] = second;
  }
  if (slot < 0) return;
  T* value_row = w.value_cache + int(unsigned(slot) * unsigned(w.value_row));
  for (int n = threadIdx.x; n < w.k_heads * w.head_dim; n += kThreads) {
    const int h = n / w.head_dim, i = n % w.head_dim;
    value_row[n] = w.value[token * w.v_token + h * w.v_head + i];
    if (i >= w.rotary) key_row[n] = w.key[token * w.k_token + h * w.k_head + i];
  }
}

template <typename T, typename Position>
void launch_rope(const Work<T>& work, const Position* positions) {
  if (work.tokens == 0) return;
  rope_store<<<work.tokens, kThreads, 0, current_stream()>>>(work, positions);
}

template <typename T>
void run(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& positions,
         const Tensor& cos_sin, const Tensor& slots, const Tensor& key_cache,
         const Tensor& value_cache) {
  const Work<T> work{
      static_cast<T*>(query.data_ptr()), static_cast<T*>(key.data_ptr()),
      static_cast<const T*>(value.data_ptr()), static_cast<T*>(key_cache.data_ptr()),
      static_cast<T*>(value_cache.data_ptr()), cos_sin.const_data_ptr<float>(),
      slots.const_data_ptr<int64_t>(), query.size(0), int(query.size(1)), int(key.size(1)),
      int(query.size(2)), int(cos_sin.size(1)), query.stride(0), query.stride(1), key.stride(0),
      key.stride(1), value.stride(0), value.stride(1), key_cache.stride(0), value_cache.stride(0)};
  if (positions.scalar_type() == ScalarType::Int)
    launch_rope(work, positions.const_data_ptr<int32_t>());
  else
    launch_rope(work, positions.const_data_ptr<int64_t>());
}

void check_heads(const char* name, const Tensor& t, const Tensor& key, int64_t rows,
                 int64_t heads) {
  KBK_CHECK(t.scalar_type() == key.scalar_type() && t.dim() == 3 && t.size(0) == rows &&
                t.size(1) == heads && t.size(2) == key.size(2) && t.stride(2) == 1,
            "rope_and_store: ", name, " must have the dtype and head_dim of key, ", rows,
            " rows and ", heads, " heads; its shape is ", t.sizes(), " and its strides are ",
            t.strides());
}

void check_cache(const char* name, const Tensor& t, const Tensor& key) {
  check_heads(name, t, key, t.size(0), key.size(1));
  KBK_CHECK(t.stride(1) == t.size(2), "rope_and_store: a row of ", name,
            " must be contiguous; its strides are ", t.strides());
}

void check_tokens(const char* name, const Tensor& t, int64_t tokens, bool also_int32) {
  KBK_CHECK((t.scalar_type() == ScalarType::Long ||
             (also_int32 && t.scalar_type() == ScalarType::Int)) &&
                t.dim() == 1 && t.size(0) == tokens && t.is_contiguous(),
            "rope_and_store: ", name, " must hold a contiguous integer for each of the ", tokens,
            " tokens; its shape is ", t.sizes(), " and its dtype is ", t.scalar_type());
}

void rope_and_store(Tensor query, Tensor key, const Tensor& value, const Tensor& positions,
                    const Tensor& cos_sin, const Tensor& slots, Tensor key_cache,
                    Tensor value_cache) {
  check_heads("query", query, key, key.size(0), query.size(1));
  check_heads("value", value, key, key.size(0), key.size(1));
  check_cache("key_cache", key_cache, key);
  check_cache("value_cache", value_cache, key);
  check_tokens("positions", positions, key.size(0), true);
  check_tokens("slots", slots, key.size(0), false);
  KBK_CHECK(cos_sin.scalar_type() == ScalarType::Float && cos_sin.dim() == 2 &&
                cos_sin.is_contiguous() && cos_sin.size(1) % 2 == 0,
            "rope_and_store: cos_sin must be contiguous float32 with an even number of columns; ",
            "its shape is ", cos_sin.sizes());
  KBK_CHECK(cos_sin.size(1) <= key.size(2), "rope_and_store: cos_sin must have at most head_dim = ",
            key.size(2), " columns; it has ", cos_sin.size(1));
  switch (query.scalar_type()) {
    case ScalarType::Float:
      return run<float>(query, key, value, positions, cos_sin, slots, key_cache, value_cache);
    case ScalarType::Half:
      return run<__half>(query, key, value, positions, cos_sin, slots, key_cache, value_cache);
    case ScalarType::BFloat16:
      return run<__nv_bfloat16>(query, key, value, positions, cos_sin, slots, key_cache,
                                value_cache);
    default:
      KBK_CHECK(false, "rope_and_store: query must be float32, float16 or bfloat16; its dtype is ",
                query.scalar_type());
  }
}
