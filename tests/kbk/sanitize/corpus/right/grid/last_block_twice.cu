// atomicInc wraps to zero in the last block, so the second launch finds the counter as the first one did.
// calls: run(out: float32[2] = nan, x: float32[6] = random, partial: float32[6] = empty, done: int32[1] = zeros)
// result: out == x.sum()
// expect: none
// shape: loop
__global__ void sum(float* out, const float* x, float* partial, unsigned* done) {
  partial[blockIdx.x] = x[blockIdx.x];
  __threadfence();
  if (atomicInc(done, gridDim.x - 1) == gridDim.x - 1) {
    __threadfence();
    float total = 0;
    for (int b = 0; b < int(gridDim.x); ++b) total += partial[b];
    out[0] = total;
  }
}
void run(Tensor out, const Tensor& x, Tensor partial, Tensor done) {
  for (int k = 0; k < 2; ++k) {
    sum<<<6, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>() + k, x.const_data_ptr<float>(), partial.mutable_data_ptr<float>(),
                                       static_cast<unsigned*>(done.data_ptr()));
  }
}
