// Floats are stored one by one, float4 are loaded, and then the same bytes serve as ints.
// calls: run(out: float32[64] = nan, counts: int32[64] = zeros, x: float32[64] = random)
// result: (out == x) & (counts == torch.arange(64, device=x.device).flip(0))
// expect: none
// shape: pointer
union Scratch {
  float4 vectors[16];
  float floats[64];
  int ints[64];
};
__global__ void reuse(float4* out, int* counts, const float* x) {
  __shared__ Scratch scratch;
  const int i = threadIdx.x;
  scratch.floats[i] = x[i];
  __syncthreads();
  if (i < 16) out[i] = scratch.vectors[i];
  __syncthreads();
  scratch.ints[i] = i;
  __syncthreads();
  counts[i] = scratch.ints[63 - i];
}
void run(Tensor out, Tensor counts, const Tensor& x) {
  reuse<<<1, 64, 0, current_stream()>>>(reinterpret_cast<float4*>(out.data_ptr()), counts.mutable_data_ptr<int>(), x.const_data_ptr<float>());
}
