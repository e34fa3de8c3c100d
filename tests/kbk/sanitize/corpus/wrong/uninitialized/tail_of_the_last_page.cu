// Of the last page only 5 of 16 tokens are loaded; the loop runs over all of them, with weight 0. Zero times NaN is NaN.
// calls: run(out: float32[1] = nan, x: float32[37] = random)
// expect: kind=uninitialized severity=error line=@bug var=page index=[5]
// shape: loop
// from: kernels.md 15 no. 21 (flashinfer 941)
// gpu: initcheck=any
__global__ void weighted_sum(float* out, const float* x, int length) {
  __shared__ float page[16];
  const int i = threadIdx.x;
  const int first = (length - 1) / 16 * 16;
  if (first + i < length) page[i] = x[first + i];
  __syncthreads();
  if (i == 0) {
    float sum = 0;
    for (int k = 0; k < 16; ++k) {
      const float weight = first + k < length ? 1 : 0;
      sum += weight * page[k];  // @bug
    }
    out[0] = sum;
  }
}
void run(Tensor out, const Tensor& x) {
  weighted_sum<<<1, 16, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
