// `<=` where `<` is meant: one thread loads the element after the last.
// calls: run(out: float32[129] = nan, x: float32[128] = random)
// expect: kind=out-of-bounds severity=error line=@bug block=[0,0,0] thread=[128,0,0] var=x index=[128]
// shape: simple
// gpu: memcheck=error
__global__ void copy(float* out, const float* x, int n) {
  const int i = threadIdx.x;
  if (i <= n) {
    const float v = x[i];  // @bug
    out[i] = v;
  }
}
void run(Tensor out, const Tensor& x) {
  copy<<<1, 160, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
