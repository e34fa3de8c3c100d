// 01/06 Slice rows: takes some columns of every row of a matrix, as q, k and v are cut from one
// product.
//
//   qkv    [rows, columns], elements of 1, 2, 4 or 8 bytes; the elements of a row are side by side,
//          and row i + 1 begins qkv.stride(0) >= columns elements after row i
//   out    [rows, width], dtype of qkv, contiguous
//   col0   0 <= col0 <= columns - width: out[i][j] = qkv[i][col0 + j]
//
// Limits:
//   aligned     where 32 divides both addresses and the bytes of a row of out, of col0 and of the
//               stride: no excess sector, and at most ceil(row bytes / 512) loads and stores a row,
//               counted in requests
//   otherwise   at most ceil(row bytes / 32) + 2 sectors of qkv a row, however long the row is
// So: 16 bytes a lane where that is possible, and requests that begin where a sector begins.
//
// Write the kernel, its launch and the choice of the word: about fifteen lines. The rest is given.
// Check with `kbk check 01/06`.

constexpr int kThreads = 128;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Bytes of an element of t; 0: a dtype that is not taken.
int64_t element_size(const Tensor& t) {
  switch (t.scalar_type()) {
    case ScalarType::Byte: case ScalarType::Char: case ScalarType::Bool:
    case ScalarType::Float8_e4m3fn: case ScalarType::Float8_e5m2: return 1;
    case ScalarType::Half: case ScalarType::BFloat16: case ScalarType::Short: return 2;
    case ScalarType::Float: case ScalarType::Int: return 4;
    case ScalarType::Double: case ScalarType::Long: return 8;
    default: return 0;
  }
}

// TODO: copy the rows here, launch it below, and choose a word. width and stride count words.
template <typename Word>
__global__ void slice_words(Word* out, const Word* from, int64_t rows, int64_t width,
                            int64_t stride) {
}

// width: bytes of a row. stride: bytes from a row of qkv to the next.
template <typename Word>
void launch_slice(char* out, const char* from, int64_t rows, int64_t width, int64_t stride) {
}

// out, from: the first byte of out, and of the slice in qkv. size: bytes of an element.
void slice_all(char* out, const char* from, int64_t rows, int64_t width, int64_t stride,
               int64_t size) {
  const int64_t word = size;  // bytes that a lane moves at once
  switch (word) {
    case 1: return launch_slice<unsigned char>(out, from, rows, width, stride);
    case 2: return launch_slice<unsigned short>(out, from, rows, width, stride);
    case 4: return launch_slice<unsigned int>(out, from, rows, width, stride);
    case 8: return launch_slice<unsigned long long>(out, from, rows, width, stride);
    default: return launch_slice<uint4>(out, from, rows, width, stride);
  }
}

void slice_rows(Tensor out, const Tensor& qkv, int64_t col0) {
  const int64_t size = element_size(qkv);
  KBK_CHECK(size > 0, "slice_rows: qkv must have elements of 1, 2, 4 or 8 bytes; its dtype is ",
            qkv.scalar_type());
  KBK_CHECK(out.scalar_type() == qkv.scalar_type(), "slice_rows: out must have the dtype of qkv, ",
            qkv.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.dim() == 2 && qkv.dim() == 2 && out.size(0) == qkv.size(0),
            "slice_rows: out and qkv must have two dimensions and as many rows; their shapes are ",
            out.sizes(), " and ", qkv.sizes());
  KBK_CHECK(out.is_contiguous(), "slice_rows: out must be contiguous; its strides are ",
            out.strides());
  KBK_CHECK(qkv.stride(1) == 1 && qkv.stride(0) >= qkv.size(1),
            "slice_rows: the rows of qkv must lie one after the other, their elements side by ",
            "side; its strides are ", qkv.strides());
  const int64_t rows = out.size(0), width = out.size(1);
  KBK_CHECK(0 <= col0 && col0 <= qkv.size(1) - width, "slice_rows: col0 must be from 0 to ",
            qkv.size(1) - width, "; it was ", col0);
  if (out.numel() == 0) return;
  slice_all(static_cast<char*>(out.data_ptr()),
            static_cast<const char*>(qkv.data_ptr()) + col0 * size, rows, width * size,
            qkv.stride(0) * size, size);
}
