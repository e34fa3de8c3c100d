// The end of a launch is the barrier of all blocks.
// calls: run(out: float32[128] = nan, x: float32[128] = random, row: float32[128] = zeros)
// result: out == x.flip(0)
// expect: none
// shape: order
__global__ void copy(float* row, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  row[i] = x[i];
}
__global__ void reverse(float* out, const float* row, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = row[n - 1 - i];
}
void run(Tensor out, const Tensor& x, Tensor row) {
  copy<<<2, 64, 0, current_stream()>>>(row.mutable_data_ptr<float>(), x.const_data_ptr<float>());
  reverse<<<2, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), row.const_data_ptr<float>(), x.numel());
}
