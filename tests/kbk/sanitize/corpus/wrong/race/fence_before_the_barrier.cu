// Thread 0 fences before the barrier instead of behind it: that covers its own store, not those of the other threads.
// calls: run(out: float32[64] = nan, x: float32[4, 64] = random, partial: float32[4, 64] = zeros, done: int32[1] = zeros)
// expect: kind=race severity=error line=@bug other=@with var=partial
// shape: order
// from: https://github.com/NVIDIA/Fuser/pull/2391
// gpu: clean
__global__ void sum(float* out, const float* x, float* partial, int* done) {
  __shared__ bool last;
  const int i = threadIdx.x;
  partial[blockIdx.x * 64 + i] = x[blockIdx.x * 64 + i];  // @with
  if (i == 0) __threadfence();
  __syncthreads();
  if (i == 0) {
    last = atomicAdd(done, 1) == int(gridDim.x) - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last) return;
  float total = 0;
  for (int b = 0; b < int(gridDim.x); ++b) {
    total += partial[b * 64 + (i + 7) % 64];  // @bug
  }
  out[(i + 7) % 64] = total;
}
void run(Tensor out, const Tensor& x, Tensor partial, Tensor done) {
  sum<<<4, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
                                      partial.mutable_data_ptr<float>(), done.mutable_data_ptr<int>());
}
