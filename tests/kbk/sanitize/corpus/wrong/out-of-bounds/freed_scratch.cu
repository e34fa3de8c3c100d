// The scratch is given back before the kernel that reads it is launched.
// calls: run(out: float32[32] = nan, x: float32[32] = random)
// expect: kind=out-of-bounds severity=error line=@bug
// shape: pointer
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__global__ void copy(float* out, const float* x) {
  const int i = threadIdx.x;
  const float v = x[i];  // @bug
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  float* scratch = nullptr;
  KBK_CHECK(cudaMalloc(&scratch, 32 * sizeof(float)) == cudaSuccess, "no memory");
  copy<<<1, 32>>>(scratch, x.const_data_ptr<float>());
  cudaFree(scratch);
  copy<<<1, 32>>>(out.mutable_data_ptr<float>(), scratch);
}
