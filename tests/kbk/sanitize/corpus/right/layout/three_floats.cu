// float3 has 12 bytes and the alignment of a float.
// calls: run(out: float32[33, 3] = nan, x: float32[33, 3] = random)
// result: out == x.flip(1)
// expect: none
// shape: pointer
__global__ void turn(float3* out, const float3* x, int n) {
  const int i = threadIdx.x;
  if (i >= n) return;
  const float3 v = x[i];
  out[i] = make_float3(v.z, v.y, v.x);
}
void run(Tensor out, const Tensor& x) {
  turn<<<1, 64, 0, current_stream()>>>(reinterpret_cast<float3*>(out.data_ptr()), reinterpret_cast<const float3*>(x.data_ptr()), x.size(0));
}
