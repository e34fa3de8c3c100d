// Mistake: every dtype of 4 bytes is let in.

// 00/04 Checks at the door. last_token: out = the last row of x. When a prompt has been
// read, only its last token's state goes on to the next word.
//
//   x:   float32 [tokens, hidden], contiguous, at least one token; hidden may be 0.
//   out: float32 [hidden], contiguous; it must not overlap x.
//
// Write the checks that are missing. Each message names the argument, what it must be
// and what it was: a wrong dtype by the dtype, wrong strides by the strides, the rest
// by the shape; an overlap says what overlaps what. Tensors on two devices, or on one
// that runs no kernels, never get here: kbk refuses them before, in the same way.
//
// Check: kbk check 00/04

constexpr int kThreads = 256;  // threads a block

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Whether two contiguous tensors share a byte.
bool overlap(const Tensor& a, const Tensor& b) {
  const char* first_a = static_cast<const char*>(a.data_ptr());
  const char* first_b = static_cast<const char*>(b.data_ptr());
  const char* end_a = first_a + a.numel() * a.element_size();
  const char* end_b = first_b + b.numel() * b.element_size();
  return first_a < end_b && first_b < end_a;
}

void check_last_token(const Tensor& out, const Tensor& x) {
  KBK_CHECK(x.element_size() == 4,
            "x must be float32; its dtype is ", x.scalar_type());
  KBK_CHECK(out.element_size() == 4,
            "out must be float32; its dtype is ", out.scalar_type());
  KBK_CHECK(x.dim() == 2, "x must have 2 dimensions; its shape is ", x.sizes());
  KBK_CHECK(out.dim() == 1, "out must have 1 dimension; its shape is ", out.sizes());
  KBK_CHECK(x.size(0) > 0, "x must have at least 1 token; its shape is ", x.sizes());
  KBK_CHECK(out.size(0) == x.size(1), "out must have the ", x.size(1),
            " columns of x; its shape is ", out.sizes());
  KBK_CHECK(x.is_contiguous(), "x must be contiguous; its strides are ", x.strides());
  KBK_CHECK(out.is_contiguous(), "out must be contiguous; its strides are ",
            out.strides());
  KBK_CHECK(!overlap(out, x), "out must not overlap x; it does");
}

// One thread a column.
__global__ void last_token_kernel(float* out, const float* x, int64_t tokens,
                                  int64_t hidden) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < hidden) out[i] = x[(tokens - 1) * hidden + i];
}

void last_token(Tensor out, const Tensor& x) {
  check_last_token(out, x);
  const int64_t tokens = x.size(0), hidden = x.size(1);
  if (hidden == 0) return;
  last_token_kernel<<<ceil_div(hidden, kThreads), kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), tokens, hidden);
}
