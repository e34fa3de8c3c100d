// cudaMemcpyAsync writes the scratch; a kernel adds to it.
// calls: run(out: float32[32] = empty, x: float32[32] = random)
// result: out == 2 * x
// expect: none
// shape: simple
__global__ void add(float* out, const float* x) { out[threadIdx.x] += x[threadIdx.x]; }
void run(Tensor out, const Tensor& x) {
  KBK_CHECK(cudaMemcpyAsync(out.data_ptr(), x.data_ptr(), 32 * sizeof(float), cudaMemcpyDeviceToDevice, current_stream()) == cudaSuccess, "copy");
  add<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
