// Store, fence, count; the block that counts last: fence, load.
// calls: run(out: float32[1] = nan, x: float32[8] = random, partial: float32[8] = zeros, done: int32[1] = zeros)
// result: out == 2 * x.sum()
// expect: none
// shape: order
__global__ void sum(float* out, const float* x, float* partial, int* done) {
  partial[blockIdx.x] = 2 * x[blockIdx.x];
  __threadfence();
  if (atomicAdd(done, 1) == int(gridDim.x) - 1) {
    __threadfence();
    float total = 0;
    for (int b = 0; b < int(gridDim.x); ++b) total += partial[b];
    out[0] = total;
  }
}
void run(Tensor out, const Tensor& x, Tensor partial, Tensor done) {
  sum<<<8, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
                                     partial.mutable_data_ptr<float>(), done.mutable_data_ptr<int>());
}
