// The vector width is a template parameter; 8 halves from a row that is only 4 halves long.
// calls: run(out: float16[5, 8] = zeros, x: float16[64] = random)
// expect: kind=misaligned severity=error line=@bug var=x
// shape: template
// from: https://github.com/apache/tvm/issues/8540
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
template <typename T, int VecSize>
struct alignas(sizeof(T) * VecSize) Vec {
  T at[VecSize];
};
template <typename T, int VecSize>
__global__ void gather(T* out, const T* x, int stride) {
  using V = Vec<T, VecSize>;
  const V v = *reinterpret_cast<const V*>(x + blockIdx.x * stride);  // @bug
  reinterpret_cast<V*>(out)[blockIdx.x] = v;
}
void run(Tensor out, const Tensor& x) {
  gather<__half, 8><<<5, 1, 0, current_stream()>>>(static_cast<__half*>(out.data_ptr()),
                                                   static_cast<const __half*>(x.data_ptr()), 4);
}
