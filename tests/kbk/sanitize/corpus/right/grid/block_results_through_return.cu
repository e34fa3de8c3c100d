// A result allocated by the host function, written whole.
// calls: run(x: float32[100] = random)
// result: result == x * 3
// expect: none
// shape: function
__device__ float thrice(float v) { return 3 * v; }
__global__ void map(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = thrice(x[i]);
}
Tensor run(const Tensor& x) {
  Tensor out = torch::stable::empty_like(x);
  map<<<4, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
  return out;
}
