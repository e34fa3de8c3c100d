// 01/04 Gather rows: row i of out is the row of the table that ids[i] names: an LLM's first op.
//
//   out     bfloat16 [rows, width], contiguous
//   ids     int32 or int64 [rows], contiguous
//   table   bfloat16 [vocab, width], contiguous; it may have over 2^31 elements
//
// An id outside [0, vocab) gives a row of zeros. Any width, 1 too; ids may repeat.
//
// It is correct, and slow: a thread copies a row alone, so the 32 lanes of a warp read from 32 rows
// at once. Give the lanes the work so that the bytes of every sector are used, and, where the width
// is a multiple of 8 and the tensors begin on a multiple of 16 bytes, so that a request moves 512
// bytes. An id may be loaded once a row. Change the kernel and its launch, not the host function;
// about ten lines. Check with `kbk check 01/04`.

using Bits = unsigned short;  // of a bfloat16: a gather never looks at a value

constexpr int kThreads = 128;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// TODO: a thread a row: 32 lanes, 32 rows. Give the lanes of a warp bytes that lie side by side.
// width counts words; a word is an element here.
template <typename Word, typename Id>
__global__ void gather_rows(Word* out, const Id* ids, const Word* table, int64_t rows,
                            int64_t width, int64_t vocab) {
  const int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  const int64_t id = ids[row];
  const bool known = id >= 0 && id < vocab;
  for (int64_t column = 0; column < width; ++column)
    out[row * width + column] = known ? table[id * width + column] : Word{};
}

template <typename Word, typename Id>
void launch_words(const Tensor& out, const Tensor& ids, const Tensor& table) {
  const int64_t rows = out.size(0), width = out.size(1) * sizeof(Bits) / sizeof(Word);
  gather_rows<<<ceil_div(rows, kThreads), kThreads, 0, current_stream()>>>(
      static_cast<Word*>(out.data_ptr()), ids.const_data_ptr<Id>(),
      static_cast<const Word*>(table.data_ptr()), rows, width, table.size(0));
}

template <typename Id>
void launch_gather(const Tensor& out, const Tensor& ids, const Tensor& table) {
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
