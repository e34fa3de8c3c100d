// What nobody stored nobody loads.
// calls: run(out: float32[64] = zeros, x: float32[64] = random)
// result: (out[:32] == x[:32]) & (out[32:] == 0)
// expect: none
// shape: simple
__global__ void copy(float* out, const float* x) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  if (i < 32) tile[i] = x[i];
  __syncthreads();
  if (i < 32) out[i] = tile[i];
}
void run(Tensor out, const Tensor& x) {
  copy<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
