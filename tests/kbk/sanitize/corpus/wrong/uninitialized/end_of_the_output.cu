// The last four elements of the output are never written.
// calls: run(out: float32[100] = empty, x: float32[100] = random)
// expect: kind=uninitialized severity=info var=out
// shape: order
// from: https://github.com/Dao-AILab/flash-attention/issues/1813
// gpu: clean
__global__ void twice(float* out, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = 2 * x[i];
}
void run(Tensor out, const Tensor& x) {
  twice<<<x.numel() / 32, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
