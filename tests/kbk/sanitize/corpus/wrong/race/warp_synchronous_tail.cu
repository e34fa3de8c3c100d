// The last warp of a tree reduction trusts in lockstep, which ended with Volta: volatile, but no __syncwarp.
// calls: run(out: float32[1] = nan, x: float32[128] = random)
// expect: kind=race severity=warning line=@bug other=@bug var=sums
// shape: function
// from: https://github.com/ORNL/HeCBench/issues/91
// gpu: racecheck=warning
__device__ void last_warp(volatile float* s, int i) {
  s[i] += s[i + 32];  // @bug
  s[i] += s[i + 16];  // @bug
  s[i] += s[i + 8];  // @bug
  s[i] += s[i + 4];  // @bug
  s[i] += s[i + 2];  // @bug
  s[i] += s[i + 1];  // @bug
}
__global__ void reduce(float* out, const float* x) {
  __shared__ float sums[128];
  const int i = threadIdx.x;
  sums[i] = x[i];
  __syncthreads();
  if (i < 64) sums[i] += sums[i + 64];
  __syncthreads();
  if (i < 32) last_warp(sums, i);
  if (i == 0) out[0] = sums[0];  // @bug
}
void run(Tensor out, const Tensor& x) {
  reduce<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
