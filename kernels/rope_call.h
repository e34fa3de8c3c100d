// A call of RoPE, checked: kernels/rope.cu is told what is in it.
#pragma once

// [begin door]
#include <algorithm>

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One integer a token, int32 or int64.
struct Ids {
  const void* data;
  bool wide;
  __device__ int64_t operator[](int64_t i) const {
    return wide ? static_cast<const int64_t*>(data)[i]
                : static_cast<const int32_t*>(data)[i];
  }
};

Ids ids_of(const char* op, const char* name, const Tensor& t, int64_t num_tokens) {
  const bool wide = t.scalar_type() == ScalarType::Long;
  KBK_CHECK(wide || t.scalar_type() == ScalarType::Int, op, ": ", name,
            " must be int32 or int64; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == 1 && t.numel() == num_tokens && t.is_contiguous(), op, ": ", name,
            " must be contiguous, one element a token, [", num_tokens, "]; its shape is ",
            t.sizes(), " and its strides are ", t.strides());
  return {t.data_ptr(), wide};
}

// [rows, count, head_size] with any strides but the last, which is 1. Strides in elements.
struct Heads {
  void* data;
  int64_t rows, count, row_stride, head_stride;
};

template <typename T>
__device__ T* head_at(const Heads& heads, int64_t row, int64_t head) {
  return static_cast<T*>(heads.data) + row * heads.row_stride + head * heads.head_stride;
}

// The heads of t, of query's dtype: [rows, count * head_size] or [rows, count, head_size].
Heads heads_of(const char* op, const char* name, const Tensor& t, const Tensor& query,
               int64_t head_size) {
  const ScalarType type = query.scalar_type();
  KBK_CHECK(t.scalar_type() == type, op, ": ", name, " must have the dtype of query, ",
            type, "; its dtype is ", t.scalar_type());
  const bool split = t.dim() == 3;
  KBK_CHECK((split && t.size(2) == head_size) ||
                (t.dim() == 2 && t.size(1) % head_size == 0),
            op, ": ", name, " must be [rows, heads * head_size] or [rows, heads, ",
            "head_size] with head_size ", head_size, "; its shape is ", t.sizes());
  const int64_t rows = t.size(0), count = split ? t.size(1) : t.size(1) / head_size;
  const int64_t by_row = t.stride(0), by_head = split ? t.stride(1) : head_size;
  // The narrower step must pass a head; the wider one, all that the narrower one reaches.
  const bool inside = by_head <= by_row;
  const int64_t near = inside ? count : rows, far = inside ? rows : count;
  const int64_t reach = near > 1 ? near * std::min(by_head, by_row) : head_size;
  KBK_CHECK(t.numel() == 0 || (t.stride(t.dim() - 1) == 1 &&
                               (near == 1 || std::min(by_head, by_row) >= head_size) &&
                               (far == 1 || std::max(by_head, by_row) >= reach)),
            op, ": ", name, " must have heads of stride 1 that do not overlap; its shape ",
            "is ", t.sizes(), " and its strides are ", t.strides());
  return {t.data_ptr(), rows, count, by_row, by_head};
}

// A call, checked.
struct Call {
  Heads q, k;
  Ids positions;
  const float* table;  // [num_positions, rotary]: rotary / 2 cosines, then the sines
  int64_t num_tokens, num_positions;
  int rotary, head_size;
};

Call call_of(const char* op, const Tensor& positions, const Tensor& query,
             const Tensor& key, int64_t head_size, const Tensor& table) {
  const ScalarType type = query.scalar_type();
  KBK_CHECK(type == ScalarType::Half || type == ScalarType::BFloat16 ||
                type == ScalarType::Float,
            op, ": query must be float16, bfloat16 or float32; its dtype is ", type);
  KBK_CHECK(head_size >= 2 && head_size <= 512 && head_size % 2 == 0, op,
            ": head_size must be even, from 2 to 512; it was ", head_size);
  const Heads q = heads_of(op, "query", query, query, head_size);
  const Heads k = heads_of(op, "key", key, query, head_size);
  KBK_CHECK(k.rows == q.rows, op, ": key must have the tokens of query, ", q.rows,
            "; its shape is ", key.sizes());
  KBK_CHECK(q.data != k.data || query.numel() == 0 || key.numel() == 0, op,
            ": key must not overlap query; both begin at the same address");
  KBK_CHECK(table.scalar_type() == ScalarType::Float && table.dim() == 2 &&
                table.is_contiguous(),
            op, ": cos_sin_cache must be float32 [num_positions, rotary_dim], contiguous; ",
            "it is ", table.scalar_type(), ", its shape ", table.sizes());
  const int64_t rotary = table.size(1);
  KBK_CHECK(rotary >= 2 && rotary % 2 == 0 && rotary <= head_size, op,
            ": cos_sin_cache's rotary_dim must be even, from 2 to head_size, ", head_size,
            "; its shape is ", table.sizes());
  return {q, k, ids_of(op, "positions", positions, q.rows),
          static_cast<const float*>(table.data_ptr()), q.rows, table.size(0),
          int(rotary), int(head_size)};
}

// Whether heads of so many elements are rotated whole and lie one behind the other, on
// 16-byte addresses.
bool packed(const Call& call, int head) {
  bool so = call.head_size == head && call.rotary == head &&
            reinterpret_cast<uintptr_t>(call.table) % 16 == 0;
  for (const Heads& h : {call.q, call.k})
    so = so && reinterpret_cast<uintptr_t>(h.data) % 16 == 0 && h.row_stride % 8 == 0 &&
         (h.head_stride == head || h.count == 1);
  return so;
}
// [end door]
