// calls: run(out: float32[8, 32] = nan, x: float32[8, 32] = random)
// result: close(out, x / (x.abs().amax(1, keepdim=True) + 1))
// expect: none
// shape: function
__device__ __forceinline__ float warp_max(float v) {
  for (int d = 16; d > 0; d /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, d));
  return v;
}
__device__ __noinline__ void keep(float* scale, float v) { *scale = v; }
__global__ void quantise(float* out, const float* x) {
  __shared__ float scale[8];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const float v = x[threadIdx.x];
  const float largest = warp_max(fabsf(v));
  if (lane == 0) keep(&scale[warp], largest + 1);
  __syncwarp();
  out[threadIdx.x] = v / scale[warp];
}
void run(Tensor out, const Tensor& x) {
  quantise<<<1, 256, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
