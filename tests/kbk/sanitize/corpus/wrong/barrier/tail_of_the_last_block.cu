// Threads of the tail skip the first barrier and meet the others at the second one. Only the last block has a tail.
// calls: run(out: float32[150] = nan, x: float32[150] = random)
// expect: kind=barrier severity=error line=@bug other=@with block=[2,0,0]
// allow: warning
// shape: order
// gpu: synccheck=error
__global__ void tail(float* out, const float* x, int n) {
  __shared__ float tile[64];
  const int i = blockIdx.x * 64 + threadIdx.x;
  tile[threadIdx.x] = 0;
  if (i < n) {
    tile[threadIdx.x] = x[i];
    __syncthreads();  // @bug
    out[i] = tile[threadIdx.x];
  }
  __syncthreads();  // @with
  if (i < n) out[i] += 1;
}
void run(Tensor out, const Tensor& x) {
  tail<<<3, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
