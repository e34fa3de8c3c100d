// Three floats of one array, then float4 of the next: 12 bytes into the arena.
// calls: run(out: float32[128] = nan, x: float32[128] = random)
// expect: kind=misaligned severity=error line=@bug
// shape: pointer
// from: https://github.com/flashinfer-ai/flashinfer/pull/636 (kernels.md 15 no. 31)
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
struct Arena {
  float* scales;
  float4* rows;
};
__global__ void through_shared(float4* out, const float4* x, int num_scales) {
  extern __shared__ float4 bytes[];
  float* base = reinterpret_cast<float*>(bytes);
  const Arena arena{base, reinterpret_cast<float4*>(base + num_scales)};
  if (threadIdx.x < num_scales) arena.scales[threadIdx.x] = 1;
  arena.rows[threadIdx.x] = x[threadIdx.x];  // @bug
  __syncthreads();
  out[threadIdx.x] = arena.rows[threadIdx.x ^ 1];
}
void run(Tensor out, const Tensor& x) {
  through_shared<<<1, 32, 32 * 16 + 16, current_stream()>>>(reinterpret_cast<float4*>(out.data_ptr()),
                                                           reinterpret_cast<const float4*>(x.data_ptr()), 3);
}
