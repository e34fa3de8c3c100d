// A barrier in a branch that the whole block takes.
// calls: run(out: float32[2, 64] = nan, x: float32[2, 64] = random)
// result: (out[0] == x[0].flip(0)) & (out[1] == x[1])
// expect: none
// shape: simple
__global__ void branches(float* out, const float* x) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  const float v = x[blockIdx.x * 64 + i];
  if (blockIdx.x == 0) {
    tile[i] = v;
    __syncthreads();
    out[i] = tile[63 - i];
  } else {
    out[64 + i] = v;
  }
}
void run(Tensor out, const Tensor& x) {
  branches<<<2, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
