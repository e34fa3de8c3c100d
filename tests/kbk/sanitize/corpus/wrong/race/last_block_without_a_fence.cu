// The last block to finish adds the partial sums. Nothing orders a block's store before its count.
// calls: run(out: float32[1] = nan, x: float32[8] = random, partial: float32[8] = zeros, done: int32[1] = zeros)
// expect: kind=race severity=error line=@bug other=@with var=partial
// shape: order
// from: https://github.com/NVIDIA/Fuser/pull/2391
// gpu: clean
__global__ void sum(float* out, const float* x, float* partial, int* done) {
  partial[blockIdx.x] = 2 * x[blockIdx.x];  // @with
  if (atomicAdd(done, 1) == int(gridDim.x) - 1) {
    float total = 0;
    for (int b = 0; b < int(gridDim.x); ++b) {
      total += partial[b];  // @bug
    }
    out[0] = total;
  }
}
void run(Tensor out, const Tensor& x, Tensor partial, Tensor done) {
  sum<<<8, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
                                     partial.mutable_data_ptr<float>(), done.mutable_data_ptr<int>());
}
