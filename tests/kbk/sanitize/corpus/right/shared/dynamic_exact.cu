// calls: run(out: float32[64] = nan, x: float32[64] = random)
// result: out == x.flip(0)
// expect: none
// shape: function
__device__ __noinline__ void keep(float* tile, int i, float v) { tile[i] = v; }
__global__ void reverse(float* out, const float* x, int n) {
  extern __shared__ float tile[];
  const int i = threadIdx.x;
  keep(tile, i, x[i]);
  __syncthreads();
  out[i] = tile[n - 1 - i];
}
void run(Tensor out, const Tensor& x) {
  const int n = x.numel();
  reverse<<<1, n, n * sizeof(float), current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
