// calls: run(out: float32[50] = nan, x: float32[50] = random)
// result: out == x.view(25, 2).flip(1).reshape(50)
// expect: none
// shape: simple
__global__ void pairs(float* out, const float* x, int n) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  if (i < n) tile[i] = x[i];
  __syncthreads();
  if (i < n) out[i] = tile[i ^ 1];
}
void run(Tensor out, const Tensor& x) {
  pairs<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
