// Warp 0 loads float4; warp 1 still stores the last of the four.
// calls: run(out: float32[128] = nan, x: float32[128] = random)
// expect: kind=race severity=error line=@bug other=@with var=tile
// shape: simple
// gpu: racecheck=error
__global__ void overlap(float4* out, const float* x) {
  __shared__ __align__(16) float tile[128];
  const int i = threadIdx.x;
  for (int k = i; k < 128; k += 64) tile[k] = x[k];
  __syncthreads();
  if (i < 32) {
    const float4 v = reinterpret_cast<const float4*>(tile)[i];  // @bug
    out[i] = v;
  } else {
    tile[4 * (i - 32) + 3] = 7;  // @with
  }
}
void run(Tensor out, const Tensor& x) {
  overlap<<<1, 64, 0, current_stream()>>>(reinterpret_cast<float4*>(out.data_ptr()), x.const_data_ptr<float>());
}
