// calls: run(out: float32[64] = nan, x: float32[64] = random)
// result: close(out, x + 0.5 * torch.roll(x, -1) + 0.25 * torch.roll(x, -2))
// expect: none
// shape: loop
__constant__ float taps[3];
__global__ void filter(float* out, const float* x, int n) {
  const int i = threadIdx.x;
  float sum = 0;
  for (int k = 0; k < 3; ++k) sum += taps[k] * x[(i + k) % n];
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  const float values[3] = {1, 0.5f, 0.25f};
  KBK_CHECK(cudaMemcpyToSymbol(taps, values, sizeof values) == cudaSuccess, "taps");
  filter<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
