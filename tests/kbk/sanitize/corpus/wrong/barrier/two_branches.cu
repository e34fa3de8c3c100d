// The two halves of the block wait at two different barriers.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// expect: kind=barrier severity=error line=@bug other=@bug
// shape: simple
// from: https://github.com/ggml-org/llama.cpp/pull/27955
// gpu: synccheck=error
__global__ void branches(float* out, const float* x) {
  const int i = threadIdx.x;
  if (i < 32) {
    out[i] = x[i];
    __syncthreads();  // @bug
  } else {
    out[i] = 2 * x[i] + 1;
    __syncthreads();  // @bug
    out[i] -= 1;
  }
}
void run(Tensor out, const Tensor& x) {
  branches<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
