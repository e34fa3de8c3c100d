// The second call of the helper stores into the array that slow warps of the first call still read.
// calls: run(out: float32[128] = nan, x: float32[128] = random)
// expect: kind=race severity=error line=@bug other=@with var=partial
// shape: function
// from: https://github.com/NVIDIA/Fuser/pull/489
// gpu: racecheck=error
__device__ __noinline__ float block_sum(float v, float* partial) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
  if (lane == 0) partial[warp] = v;  // @bug
  __syncthreads();
  float sum = 0;
  for (int w = 0; w < 4; ++w) {
    sum += partial[w];  // @with
  }
  return sum;
}
__global__ void normalise(float* out, const float* x) {
  __shared__ float partial[4];
  const float v = x[threadIdx.x];
  const float mean = block_sum(v, partial) / 128;
  const float square = block_sum((v - mean) * (v - mean), partial);
  out[threadIdx.x] = (v - mean) / square;
}
void run(Tensor out, const Tensor& x) {
  normalise<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
