// calls: run(out: float32[64] = zeros, x: float32[64] = random)
// result: out == x
// expect: none
// shape: function
__global__ void through_shared(float* out, const float* x) {
  extern __shared__ float tile[];
  tile[16000 + threadIdx.x] = x[threadIdx.x];
  out[threadIdx.x] = tile[16000 + threadIdx.x];
}
static void launch(float* out, const float* x, int bytes) {
  KBK_CHECK(cudaFuncSetAttribute(through_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes) == cudaSuccess, "shared");
  through_shared<<<1, 64, bytes, current_stream()>>>(out, x);
}
void run(Tensor out, const Tensor& x) { launch(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), 64 << 10); }
