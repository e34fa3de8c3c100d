// Two buffers, but the only barrier stands before the prefetch: it orders the last step's reads, not this step's stores.
// calls: run(out: float32[64] = nan, x: float32[320] = random)
// expect: kind=race severity=error line=@bug other=@with var=tile
// also: uninitialized
// shape: loop
// gpu: racecheck=error
__global__ void sums(float* out, const float* x, int n) {
  __shared__ float tile[2][64];
  const int i = threadIdx.x;
  float sum = 0;
  tile[0][i] = x[i];  // @with
  for (int first = 0, now = 0; first < n; first += 64, now ^= 1) {
    for (int k = 0; k < 64; ++k) {
      sum += tile[now][(i + k) % 64];  // @bug
    }
    __syncthreads();
    if (first + 64 < n) tile[now ^ 1][i] = x[first + 64 + i];  // @with
  }
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  sums<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
