// calls: run(out: float32[1000] = nan, x: float32[1000] = random)
// result: out == x * 2
// expect: none
// shape: loop
__global__ void twice(float* out, const float* x, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    out[i] = 2 * x[i];
  }
}
void run(Tensor out, const Tensor& x) {
  twice<<<3, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
