// The grid is rounded up and nobody asks whether i is below n: 24 threads of the last block store past the end.
// calls: run(out: float32[1000] = nan, x: float32[1024] = random)
// expect: kind=out-of-bounds severity=error line=@bug block=[3,0,0] var=out
// shape: order
// gpu: memcheck=error
__global__ void twice(float* out, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = 2 * x[i];  // @bug
}
void run(Tensor out, const Tensor& x) {
  twice<<<4, 256, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
