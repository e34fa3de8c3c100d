// calls: run(out: float32[32] = nan, x: float32[32] = random)
// result: out == x
// expect: none
// shape: pointer
__global__ void copy(float* out, const float* x) {
  const int i = threadIdx.x;
  const float v = x[i];
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  float* scratch = nullptr;
  KBK_CHECK(cudaMalloc(&scratch, 32 * sizeof(float)) == cudaSuccess, "no memory");
  copy<<<1, 32>>>(scratch, x.const_data_ptr<float>());
  copy<<<1, 32>>>(out.mutable_data_ptr<float>(), scratch);
  cudaFree(scratch);
}
