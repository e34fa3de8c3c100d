// 03/06 rope_and_store: rotates q and k in place, and stores k and v where attention will look.
//
//   query, key    float32, float16 or bfloat16 [tokens, q_heads | k_heads, head_dim]: updated
//   value         [tokens, k_heads, head_dim]
//                 All three are views: tokens and heads lie apart by strides of their own, the
//                 elements of a head side by side.
//   positions     int32 or int64 [tokens]
//   cos_sin       float32 [max_pos, rotary]: rotary / 2 cosines, then the sines; rotary is even
//   slots         int64 [tokens]: the row of the caches for each token; -1: none. No row twice.
//   key_cache, value_cache   [rows, k_heads, head_dim]: a row is contiguous, rows may lie apart
//
// Pair p < rotary / 2 of a head of q or k, with c and s of row positions[t]:
//   x[p], x[p + rotary / 2] = x[p] * c - x[p + rotary / 2] * s, x[p + rotary / 2] * c + x[p] * s
// in float32, each rounded once; elements from rotary on stay. Row slots[t] of key_cache gets token
// t of k, whole and as it is after the rotation; that of value_cache gets token t of v as it is.
//
// Limits: one launch, none without tokens. Each element of q that rotates, and each of k and v, is
// loaded once. Where rotary is a multiple of 32, no sector is asked for in vain: give neighbouring
// lanes neighbouring pairs. Offsets may pass 2^31. A table with more columns than head_dim must
// be refused by KBK_CHECK, with a message that names cos_sin and head_dim.
//
// Write the kernel, its launch and that check: about thirty lines. Check with `kbk check 03/06`.

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

// TODO: the kernel, its launch, and (below) the check of the table's width.
template <typename T, typename Position>
void launch_rope(const Work<T>& work, const Position* positions) {
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
