// calls: run(out: float32[128] = nan, x: float32[128] = random)
// result: out == x.view(16, 2, 4).flip(1).reshape(128)
// expect: none
// shape: pointer
struct Arena {
  float* scales;
  float4* rows;
};
__global__ void through_shared(float4* out, const float4* x, int num_scales) {
  extern __shared__ float4 bytes[];
  float* base = reinterpret_cast<float*>(bytes);
  const Arena arena{base, reinterpret_cast<float4*>(base + (num_scales + 3) / 4 * 4)};
  if (threadIdx.x < num_scales) arena.scales[threadIdx.x] = 1;
  arena.rows[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = arena.rows[threadIdx.x ^ 1];
}
void run(Tensor out, const Tensor& x) {
  through_shared<<<1, 32, 32 * 16 + 16, current_stream()>>>(reinterpret_cast<float4*>(out.data_ptr()),
                                                           reinterpret_cast<const float4*>(x.data_ptr()), 3);
}
