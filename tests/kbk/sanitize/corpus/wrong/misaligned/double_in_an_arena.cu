// Doubles behind five floats: 20 bytes into the arena, and a double wants a multiple of 8.
// calls: run(out: float64[32] = zeros, x: float64[32] = random)
// expect: kind=misaligned severity=error line=@bug
// shape: function
// from: kernels.md 15 no. 31, odd sizes
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__device__ __noinline__ void put(double* at, double v) {
  *at = v;  // @bug
}
__global__ void keep(double* out, const double* x) {
  extern __shared__ __align__(16) unsigned char arena[];
  double* values = reinterpret_cast<double*>(arena + 5 * sizeof(float));
  const int i = threadIdx.x;
  put(values + i, x[i]);
  __syncthreads();
  out[i] = x[31 - i];
}
void run(Tensor out, const Tensor& x) {
  keep<<<1, 32, 5 * 4 + 32 * 8, current_stream()>>>(out.mutable_data_ptr<double>(), x.const_data_ptr<double>());
}
