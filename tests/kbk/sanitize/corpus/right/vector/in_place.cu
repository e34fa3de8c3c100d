// calls: run(x: float32[4, 12] = random)
// result: x == before.x * 2 + 1
// expect: none
// shape: simple
__global__ void twice(float4* x) {
  float4 v = x[threadIdx.x];
  v.x = 2 * v.x + 1, v.y = 2 * v.y + 1, v.z = 2 * v.z + 1, v.w = 2 * v.w + 1;
  x[threadIdx.x] = v;
}
void run(Tensor x) { twice<<<1, 12, 0, current_stream()>>>(reinterpret_cast<float4*>(x.data_ptr())); }
