// calls: run(out: float32[256] = nan, x: float32[256] = random)
// result: out == x * 2
// expect: none
// shape: pointer
union Both {
  float4 v;
  float at[4];
};
__global__ void twice(float4* out, const float4* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  Both b;
  b.v = x[i];
#pragma unroll
  for (int k = 0; k < 4; ++k) b.at[k] *= 2;
  out[i] = b.v;
}
void run(Tensor out, const Tensor& x) {
  twice<<<2, 32, 0, current_stream()>>>(reinterpret_cast<float4*>(out.data_ptr()), reinterpret_cast<const float4*>(x.data_ptr()));
}
