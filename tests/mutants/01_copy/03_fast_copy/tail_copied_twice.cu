// Mistake: the tail is copied by the threads of the first vectors, and with the ends again.

constexpr int kThreads = 256;

// Bytes of an element of t; 0: a dtype that is not taken.
int64_t element_size(const Tensor& t) {
  switch (t.scalar_type()) {
    case ScalarType::Float: return 4;
    case ScalarType::BFloat16: return 2;
    default: return 0;
  }
}

// A thread a vector, and after those a thread for each element of the ends: `head` elements before
// the first vector, the others after the last.
template <typename T>
__global__ void copy_vectors(T* out, const T* x, int64_t head, int64_t vectors, int64_t ends) {
  constexpr int kPerVector = 16 / sizeof(T);
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < vectors)
    reinterpret_cast<uint4*>(out + head)[i] = reinterpret_cast<const uint4*>(x + head)[i];
  const int64_t end = i - vectors;
  const int64_t at = end < head ? end : end + vectors * kPerVector;
  if (end >= 0 && end < ends) out[at] = x[at];
  const int64_t tail = head + vectors * kPerVector;
  if (i < ends - head) out[tail + i] = x[tail + i];
}

template <typename T>
void launch_copy(const Tensor& out, const Tensor& x) {
  const int64_t n = x.numel();
  const uintptr_t to = reinterpret_cast<uintptr_t>(out.data_ptr());
  const uintptr_t from = reinterpret_cast<uintptr_t>(x.data_ptr());
  const int64_t before = (16 - to % 16) % 16 / sizeof(T);  // elements before a multiple of 16
  const int64_t head = to % 16 == from % 16 && before < n ? before : n;
  const int64_t vectors = (n - head) * sizeof(T) / 16;
  const int64_t ends = n - vectors * 16 / sizeof(T);
  const int64_t threads = vectors + ends;
  if (threads == 0) return;
  copy_vectors<<<(threads + kThreads - 1) / kThreads, kThreads, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), head, vectors, ends);
}

void fast_copy(Tensor out, const Tensor& x) {
  const int64_t size = element_size(x);
  KBK_CHECK(size > 0, "fast_copy: x must be float32 or bfloat16; its dtype is ",
            x.scalar_type());
  KBK_CHECK(out.scalar_type() == x.scalar_type(), "fast_copy: out must have the dtype of x, ",
            x.scalar_type(), "; its dtype is ", out.scalar_type());
  KBK_CHECK(out.sizes().equals(x.sizes()), "fast_copy: out must have the shape of x, ",
            x.sizes(), "; its shape is ", out.sizes());
  KBK_CHECK(x.is_contiguous() && out.is_contiguous(),
            "fast_copy: x and out must be contiguous; their strides are ", x.strides(), " and ",
            out.strides());
  size == 4 ? launch_copy<unsigned int>(out, x) : launch_copy<unsigned short>(out, x);
}
