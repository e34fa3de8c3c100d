// The launch counts elements where it must count bytes: 64 bytes of shared memory for 64 floats.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// expect: kind=out-of-bounds severity=error line=@bug
// shape: function
// gpu: memcheck=any racecheck=any initcheck=any
__device__ __noinline__ void keep(float* tile, int i, float v) {
  tile[i] = v;  // @bug
}
__global__ void reverse(float* out, const float* x, int n) {
  extern __shared__ float tile[];
  const int i = threadIdx.x;
  keep(tile, i, x[i]);
  __syncthreads();
  out[i] = tile[n - 1 - i];
}
void run(Tensor out, const Tensor& x) {
  const int n = x.numel();
  reverse<<<1, n, n, 0>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
