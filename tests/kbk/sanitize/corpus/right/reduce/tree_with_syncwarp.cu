// Read, __syncwarp, store, __syncwarp: no lane stores what another still has to read.
// calls: run(out: float32[1] = nan, x: float32[128] = random)
// result: close(out, x.sum().view(1))
// expect: none
// shape: function
__device__ void last_warp(float* s, int i) {
  float v = s[i];
  for (int d = 32; d > 0; d /= 2) {
    if (i + d < 64) v += s[i + d];
    __syncwarp();
    s[i] = v;
    __syncwarp();
  }
}
__global__ void reduce(float* out, const float* x) {
  __shared__ float sums[128];
  const int i = threadIdx.x;
  sums[i] = x[i];
  __syncthreads();
  if (i < 64) sums[i] += sums[i + 64];
  __syncthreads();
  if (i < 32) last_warp(sums, i);
  if (i == 0) out[0] = sums[0];
}
void run(Tensor out, const Tensor& x) {
  reduce<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
