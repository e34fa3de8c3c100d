// calls: run(out: float32[64] = nan, x: float32[64] = random)
// result: out == torch.cat([x[32:], x[:32]])
// expect: none
// shape: simple
__global__ void reverse(float* out, const float* x) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  tile[63 - i] = 0;
  __syncthreads();
  tile[i] = x[i];
  __syncthreads();
  out[i] = tile[(i + 32) % 64];
}
void run(Tensor out, const Tensor& x) {
  reverse<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
