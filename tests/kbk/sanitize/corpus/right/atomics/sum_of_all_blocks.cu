// calls: run(out: float32[1] = zeros, x: float32[8] = random)
// result: out == x.sum()
// expect: none
// shape: order
__global__ void add(float* out, const float* x) { atomicAdd(&out[0], x[blockIdx.x]); }
void run(Tensor out, const Tensor& x) {
  add<<<8, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
