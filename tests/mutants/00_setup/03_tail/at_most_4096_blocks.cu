// Mistake: the grid has at most 4,096 blocks, and the elements behind them have no thread.

// 00/03 The tail that nobody wrote. append: cache[at + i] = x[i] for every element i of
// x. The values of a new prompt are put behind those that the cache holds already.
//
//   cache: float32 [capacity].   x: float32 [n], any n from 0 to capacity - at.
//   at: the first element of cache that is written.
//
// Its author tested it with prompts of 4096 values and was content. Make it right for
// every n, with one launch of no more blocks than are needed.
//
// Check: kbk check 00/03

constexpr int kThreads = 256;  // threads a block

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One thread a value: thread i of the grid copies x[i].
__global__ void append_kernel(float* cache, const float* x, int64_t n, int64_t at) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) cache[at + i] = x[i];
}

void check_list(const char* name, const Tensor& t) {
  KBK_CHECK(t.scalar_type() == ScalarType::Float, "append: ", name,
            " must be float32; its dtype is ", t.scalar_type());
  KBK_CHECK(t.dim() == 1 && t.is_contiguous(), "append: ", name,
            " must be contiguous, with one dimension; its shape is ", t.sizes(),
            " and its strides are ", t.strides());
}

void append(Tensor cache, const Tensor& x, int64_t at) {
  check_list("cache", cache);
  check_list("x", x);
  const int64_t n = x.numel();
  KBK_CHECK(at >= 0 && at <= cache.numel() - n, "append: at must be from 0 to ",
            cache.numel() - n, ", so that x fits behind it; it was ", at);
  if (n == 0) return;
  const int64_t blocks = ceil_div(n, kThreads);
  append_kernel<<<blocks < 4096 ? blocks : 4096, kThreads, 0, current_stream()>>>(
      cache.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n, at);
}
