// calls: run(out: float32[1002] = nan, x: float32[1002] = random)
// result: out == x
// expect: none
// shape: template
template <typename Vec>
__global__ void copy(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  constexpr int kEach = sizeof(Vec) / sizeof(float);
  const int vectors = n / kEach;
  if (i < vectors) reinterpret_cast<Vec*>(out)[i] = reinterpret_cast<const Vec*>(x)[i];
  const int tail = vectors * kEach + i;
  if (tail < n) out[tail] = x[tail];
}
void run(Tensor out, const Tensor& x) {
  copy<float4><<<4, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
