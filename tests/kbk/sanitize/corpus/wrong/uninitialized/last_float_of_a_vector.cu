// Three floats of four are stored one by one; the load takes all four.
// calls: run(out: float32[32] = nan, x: float32[32] = random)
// expect: kind=uninitialized severity=error line=@bug var=tile
// shape: pointer
// gpu: initcheck=any
__global__ void sums(float* out, const float* x) {
  __shared__ __align__(16) float tile[32][4];
  const int i = threadIdx.x;
  for (int k = 0; k < 3; ++k) tile[i][k] = x[i];
  __syncthreads();
  const float4 v = *reinterpret_cast<const float4*>(tile[31 - i]);  // @bug
  out[i] = v.x + v.y + v.z + v.w;
}
void run(Tensor out, const Tensor& x) { sums<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>()); }
