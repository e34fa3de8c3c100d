// All threads store; a barrier; thread 0 alone fences and counts for the block; the barrier after it hands the news to all.
// calls: run(out: float32[64] = nan, x: float32[4, 64] = random, partial: float32[4, 64] = zeros, done: int32[1] = zeros)
// result: close(out, x.sum(0))
// expect: none
// shape: order
__global__ void sum(float* out, const float* x, float* partial, int* done) {
  __shared__ bool last;
  const int i = threadIdx.x;
  partial[blockIdx.x * 64 + i] = x[blockIdx.x * 64 + i];
  __syncthreads();
  if (i == 0) {
    __threadfence();
    last = atomicAdd(done, 1) == int(gridDim.x) - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last) return;
  float total = 0;
  for (int b = 0; b < int(gridDim.x); ++b) total += partial[b * 64 + (i + 7) % 64];
  out[(i + 7) % 64] = total;
}
void run(Tensor out, const Tensor& x, Tensor partial, Tensor done) {
  sum<<<4, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
                                      partial.mutable_data_ptr<float>(), done.mutable_data_ptr<int>());
}
