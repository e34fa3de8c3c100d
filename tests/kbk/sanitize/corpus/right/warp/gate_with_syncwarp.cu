// calls: run(out: float32[4] = nan, x: float32[128] = random)
// result: close(out, x.view(4, 32).sum(1))
// expect: none
// shape: simple
__global__ void gate(float* out, const float* x) {
  __shared__ float weights[128];
  const int lane = threadIdx.x % 32;
  weights[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  if (lane == 0) {
    float sum = 0;
    for (int k = 0; k < 32; ++k) sum += weights[threadIdx.x + k];
    out[threadIdx.x / 32] = sum;
  }
}
void run(Tensor out, const Tensor& x) {
  gate<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
