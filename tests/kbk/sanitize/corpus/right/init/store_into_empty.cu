// calls: run(out: float32[64] = empty, x: float32[64] = random)
// result: out == 2 * x
// expect: none
// shape: simple
__global__ void add(float* out, const float* x) {
  const int i = threadIdx.x;
  out[i] = x[i];
  out[i] += x[i];
}
void run(Tensor out, const Tensor& x) {
  add<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
