// One thread stores, all read the same element; then another thread stores.
// calls: run(out: float32[96] = nan, x: float32[3] = random)
// result: out == x.sum()
// expect: none
// shape: loop
__global__ void broadcast(float* out, const float* x) {
  __shared__ float value;
  float sum = 0;
  for (int k = 0; k < 3; ++k) {
    if (int(threadIdx.x) == 40 * k) value = x[k];
    __syncthreads();
    sum += value;
    __syncthreads();
  }
  out[threadIdx.x] = sum;
}
void run(Tensor out, const Tensor& x) {
  broadcast<<<1, 96, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
