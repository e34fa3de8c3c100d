// Padding against bank conflicts: 33 floats a row. A float4 fits row 0 and row 4 and no row between them.
// calls: run(out: float32[4, 4] = nan, x: float32[4, 4] = random)
// expect: kind=misaligned severity=error line=@bug var=tile
// shape: simple
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__global__ void rows(float4* out, const float* x) {
  __shared__ __align__(16) float tile[4][33];
  for (int c = 0; c < 4; ++c) tile[threadIdx.x][c] = x[4 * threadIdx.x + c];
  __syncthreads();
  out[threadIdx.x] = *reinterpret_cast<const float4*>(&tile[threadIdx.x][0]);  // @bug
}
void run(Tensor out, const Tensor& x) {
  rows<<<1, 4, 0, current_stream()>>>(reinterpret_cast<float4*>(out.data_ptr()), x.const_data_ptr<float>());
}
