// calls: run(out: float32[200] = nan, x: float32[200] = random)
// result: close(out, x + torch.cat([x[:1] * 0, x[:-1]]))
// expect: none
// shape: loop
__global__ void smooth(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float sum = 0;
#pragma unroll 1
  for (int d = -1; d <= 0; ++d) {
    if (i + d >= 0) sum += x[i + d];
  }
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  smooth<<<2, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
