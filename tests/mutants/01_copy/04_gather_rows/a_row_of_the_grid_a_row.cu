// Mistake: the rows lie along y of the grid, which ends at 65,535.

using Bits = unsigned short;  // of a bfloat16: a gather never looks at a value

constexpr int kThreads = 128;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A warp a row. A word is an element, or 8 of them where everything is aligned; width counts words.
template <typename Word, typename Id>
__global__ void gather_rows(Word* out, const Id* ids, const Word* table, int64_t rows,
                            int64_t width, int64_t vocab) {
  const int64_t row = blockIdx.y;
  if (row >= rows) return;
  const int64_t id = ids[row];
  const bool known = id >= 0 && id < vocab;
  for (int64_t column = threadIdx.x; column < width; column += 32)
    out[row * width + column] = known ? table[id * width + column] : Word{};
}

template <typename Word, typename Id>
void launch_words(const Tensor& out, const Tensor& ids, const Tensor& table) {
  const int64_t rows = out.size(0), width = out.size(1) * sizeof(Bits) / sizeof(Word);
  gather_rows<<<dim3(1, rows), 32, 0, current_stream()>>>(
      static_cast<Word*>(out.data_ptr()), ids.const_data_ptr<Id>(),
      static_cast<const Word*>(table.data_ptr()), rows, width, table.size(0));
}

template <typename Id>
void launch_gather(const Tensor& out, const Tensor& ids, const Tensor& table) {
  const uintptr_t row_bytes = out.size(1) * sizeof(Bits);
  const uintptr_t all = reinterpret_cast<uintptr_t>(out.data_ptr()) |
                        reinterpret_cast<uintptr_t>(table.data_ptr()) | row_bytes;
  if (all % 16 == 0) return launch_words<uint4, Id>(out, ids, table);
  launch_words<Bits, Id>(out, ids, table);
}

void check_matrix(const char* name, const Tensor& t) {
  KBK_CHECK(t.scalar_type() == ScalarType::BFloat16, "embedding: ", name,
            " must be bfloat16; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == 2 && t.is_contiguous(), "embedding: ", name,
            " must be contiguous and have two dimensions; its shape is ", t.sizes(),
            " and its strides are ", t.strides());
}

void embedding(Tensor out, const Tensor& ids, const Tensor& table) {
  check_matrix("out", out);
  check_matrix("table", table);
  KBK_CHECK(out.size(1) == table.size(1), "embedding: out must have the width of table, ",
            table.size(1), "; its width is ", out.size(1));
  const bool wide = ids.scalar_type() == ScalarType::Long;
  KBK_CHECK(wide || ids.scalar_type() == ScalarType::Int,
            "embedding: ids must be int32 or int64; its dtype is ", ids.scalar_type());
  KBK_CHECK(ids.dim() == 1 && ids.size(0) == out.size(0) && ids.is_contiguous(),
            "embedding: ids must be contiguous and have one id for each of the ", out.size(0),
            " rows of out; its shape is ", ids.sizes());
  if (out.numel() == 0) return;
  wide ? launch_gather<int64_t>(out, ids, table) : launch_gather<int32_t>(out, ids, table);
}
