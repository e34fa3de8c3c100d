// The left neighbour of element 0 is at index -1, before the tensor.
// calls: run(out: float32[200] = nan, x: float32[200] = random)
// expect: kind=out-of-bounds severity=error line=@bug block=[0,0,0] thread=[0,0,0]
// shape: loop
// gpu: memcheck=error
__global__ void smooth(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float sum = 0;
#pragma unroll 1
  for (int d = -1; d <= 0; ++d) {
    sum += x[i + d];  // @bug
  }
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  smooth<<<2, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
