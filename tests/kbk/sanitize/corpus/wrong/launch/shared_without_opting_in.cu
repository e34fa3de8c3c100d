// 64 KB of dynamic shared memory, and nobody called cudaFuncSetAttribute.
// calls: run(out: float32[64] = zeros, x: float32[64] = random)
// expect: kind=launch severity=error line=@bug
// shape: function
// from: kernels.md 15 (f), lightning attention above 48 KB
// gpu: memcheck=error
__global__ void through_shared(float* out, const float* x) {
  extern __shared__ float tile[];
  tile[threadIdx.x] = x[threadIdx.x];
  out[threadIdx.x] = tile[threadIdx.x];
}
static void launch(float* out, const float* x, int bytes) {
  through_shared<<<1, 64, bytes, current_stream()>>>(out, x);  // @bug
}
void run(Tensor out, const Tensor& x) { launch(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), 64 << 10); }
