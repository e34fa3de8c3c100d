// Every block adds to the same number in global memory without an atomic.
// calls: run(out: float32[1] = zeros, x: float32[8] = random)
// expect: kind=race severity=error line=@bug other=@bug var=out index=[0]
// shape: order
// gpu: clean
__global__ void add(float* out, const float* x) {
  out[0] += x[blockIdx.x];  // @bug
}
void run(Tensor out, const Tensor& x) {
  add<<<8, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
