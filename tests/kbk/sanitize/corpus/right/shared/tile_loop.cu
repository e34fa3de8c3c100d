// calls: run(out: float32[64] = nan, x: float32[256] = random)
// result: close(out, x.sum().expand(64))
// expect: none
// shape: loop
__global__ void sums(float* out, const float* x, int n) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  float sum = 0;
  for (int first = 0; first < n; first += 64) {
    tile[i] = x[first + i];
    __syncthreads();
    for (int k = 0; k < 64; ++k) sum += tile[(i + k) % 64];
    __syncthreads();
  }
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  sums<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
