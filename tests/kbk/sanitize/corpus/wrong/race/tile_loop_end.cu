// The tile of the next step is stored while slow threads still read this one: the barrier at the end of the loop is missing.
// calls: run(out: float32[64] = nan, x: float32[256] = random)
// expect: kind=race severity=error line=@bug other=@with var=tile
// shape: loop
// from: https://github.com/ORNL/HeCBench/issues/253
// gpu: racecheck=error
__global__ void sums(float* out, const float* x, int n) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  float sum = 0;
  for (int first = 0; first < n; first += 64) {
    tile[i] = x[first + i];  // @bug
    __syncthreads();
    for (int k = 0; k < 64; ++k) {
      sum += tile[(i + k) % 64];  // @with
    }
  }
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  sums<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
