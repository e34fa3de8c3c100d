// calls: run(out: float32[1] = nan, x: float32[37] = random)
// result: close(out, x[32:].sum().view(1))
// expect: none
// shape: loop
__global__ void weighted_sum(float* out, const float* x, int length) {
  __shared__ float page[16];
  const int i = threadIdx.x;
  const int first = (length - 1) / 16 * 16;
  page[i] = first + i < length ? x[first + i] : 0;
  __syncthreads();
  if (i == 0) {
    float sum = 0;
    for (int k = 0; k < 16; ++k) {
      const float weight = first + k < length ? 1 : 0;
      sum += weight * page[k];
    }
    out[0] = sum;
  }
}
void run(Tensor out, const Tensor& x) {
  weighted_sum<<<1, 16, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
