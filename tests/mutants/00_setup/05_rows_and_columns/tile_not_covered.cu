// Mistake: the number of blocks along y is rounded down: the last rows have no thread.

// 00/05 Rows and columns. add_bias: out[row, column] = x[row, column] + bias[column].
// The kernel is right, and asks memory for eight times the sectors that it needs. Keep
// the sums; change which thread computes which, so that no request has excess sectors.
//
//   out, x: float32 [rows, columns].   bias: float32 [columns].   Any size, also 0.
//
// Check: kbk check 00/05

constexpr int kThreadsX = 32;  // threads of a block along x: one warp
constexpr int kThreadsY = 8;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One thread an element: the lanes of a warp take neighbouring columns of one row.
__global__ void add_bias_kernel(float* out, const float* x, const float* bias,
                                int64_t rows, int64_t columns) {
  const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
  const int64_t column = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row >= rows || column >= columns) return;
  out[row * columns + column] = x[row * columns + column] + bias[column];
}

void check_float32(const char* name, const Tensor& t, int64_t dimensions) {
  KBK_CHECK(t.scalar_type() == ScalarType::Float, "add_bias: ", name,
            " must be float32; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == dimensions && t.is_contiguous(), "add_bias: ", name,
            " must be contiguous with ", dimensions, " dimensions; its shape is ",
            t.sizes(), " and its strides are ", t.strides());
}

void add_bias(Tensor out, const Tensor& x, const Tensor& bias) {
  check_float32("out", out, 2);
  check_float32("x", x, 2);
  check_float32("bias", bias, 1);
  KBK_CHECK(out.sizes().equals(x.sizes()), "add_bias: out must have the shape of x, ",
            x.sizes(), "; its shape is ", out.sizes());
  KBK_CHECK(bias.size(0) == x.size(1), "add_bias: bias must have the ", x.size(1),
            " columns of x; its shape is ", bias.sizes());
  const int64_t rows = x.size(0), columns = x.size(1);
  if (rows == 0 || columns == 0) return;
  const dim3 grid(ceil_div(columns, kThreadsX), rows / kThreadsY + (rows < kThreadsY));
  KBK_CHECK(grid.y <= 65535, "add_bias: x must need at most 65535 blocks along y; its ",
            "shape is ", x.sizes(), ", which needs ", grid.y);
  add_bias_kernel<<<grid, dim3(kThreadsX, kThreadsY), 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
      bias.const_data_ptr<float>(), rows, columns);
}
