// Bools of different warps in one word of a shared struct.
// calls: run(out: int32[128] = zeros, x: int32[128] = random)
// result: out.view(4, 32) == (x.view(4, 32) > 90).any(1, keepdim=True).roll(1, 0)
// expect: none
// shape: pointer
struct Shared {
  float unused;
  bool found[4];
};
__global__ void any_large(int* out, const int* x) {
  __shared__ Shared shared;
  const int warp = threadIdx.x / 32;
  const bool found = __any_sync(0xffffffffu, x[threadIdx.x] > 90);
  if (threadIdx.x % 32 == 0) shared.found[warp] = found;
  __syncthreads();
  out[threadIdx.x] = shared.found[(warp + 3) % 4];
}
void run(Tensor out, const Tensor& x) { any_large<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>()); }
