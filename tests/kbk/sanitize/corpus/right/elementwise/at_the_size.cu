// calls: run(out: float32[129] = zeros, x: float32[128] = random)
// result: out[:128] == x
// expect: none
// shape: simple
__global__ void copy(float* out, const float* x, int n) {
  const int i = threadIdx.x;
  if (i < n) {
    const float v = x[i];
    out[i] = v;
  }
}
void run(Tensor out, const Tensor& x) {
  copy<<<1, 160, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
