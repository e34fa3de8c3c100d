// Eight warps quantise eight rows and store their scales in the same shared float.
// calls: run(out: float32[8, 32] = nan, x: float32[8, 32] = random)
// expect: kind=race severity=error line=@bug other=@bug,@with var=scale
// shape: function
// from: kernels.md 15 no. 17 (sglang 16886)
// gpu: racecheck=error
__device__ __forceinline__ float warp_max(float v) {
  for (int d = 16; d > 0; d /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, d));
  return v;
}
__device__ __noinline__ void keep(float* scale, float v) {
  *scale = v;  // @bug
}
__global__ void quantise(float* out, const float* x) {
  __shared__ float scale;
  const int lane = threadIdx.x % 32;
  const float v = x[threadIdx.x];
  const float largest = warp_max(fabsf(v));
  if (lane == 0) keep(&scale, largest + threadIdx.x);
  __syncwarp();
  out[threadIdx.x] = v / scale;  // @with
}
void run(Tensor out, const Tensor& x) {
  quantise<<<1, 256, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
