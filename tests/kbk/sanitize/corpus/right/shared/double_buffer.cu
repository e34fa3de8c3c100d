// One barrier a step is enough where two buffers take turns.
// calls: run(out: float32[64] = nan, x: float32[320] = random)
// result: close(out, x.sum().expand(64))
// expect: none
// shape: loop
__global__ void sums(float* out, const float* x, int n) {
  __shared__ float tile[2][64];
  const int i = threadIdx.x;
  float sum = 0;
  tile[0][i] = x[i];
  __syncthreads();
  for (int first = 0, now = 0; first < n; first += 64, now ^= 1) {
    if (first + 64 < n) tile[now ^ 1][i] = x[first + 64 + i];
    for (int k = 0; k < 64; ++k) sum += tile[now][(i + k) % 64];
    __syncthreads();
  }
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  sums<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
