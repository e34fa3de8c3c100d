// calls: run(out: float32[96] = nan, x: float32[96] = random)
// result: out == 2 * x
// expect: none
// shape: loop
__global__ void rounds(float* out, const float* x, int n) {
  for (int first = 0; first < n; first += blockDim.x) {
    const int i = first + threadIdx.x;
    if (i < n) out[i] = 2 * x[i];
    __syncthreads();
  }
}
void run(Tensor out, const Tensor& x) {
  rounds<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
