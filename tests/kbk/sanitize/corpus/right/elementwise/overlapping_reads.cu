// All threads of all blocks read all of x.
// calls: run(out: float32[96] = nan, x: float32[33] = random)
// result: close(out, x.sum().expand(96))
// expect: none
// shape: loop
__global__ void sums(float* out, const float* __restrict__ x, int n) {
  float sum = 0;
  for (int k = 0; k < n; ++k) sum += __ldg(&x[(k + threadIdx.x) % n]);
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}
void run(Tensor out, const Tensor& x) { sums<<<3, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel()); }
