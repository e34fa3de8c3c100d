// The second array of the arena begins after n bytes where n floats are meant: the two lie on each other.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// expect: kind=race severity=error line=@bug other=@with
// shape: pointer
// from: kernels.md 15 no. 31, a carve-up of shared memory
// gpu: racecheck=error
__global__ void carve(float* out, const float* x, int n) {
  extern __shared__ __align__(16) unsigned char arena[];
  float* first = reinterpret_cast<float*>(arena);
  float* second = reinterpret_cast<float*>(arena + 2 * n);
  const int i = threadIdx.x;
  first[i] = x[i];  // @with
  second[i] = 2 * x[i];  // @bug
  __syncthreads();
  out[i] = first[i] + second[i];
}
void run(Tensor out, const Tensor& x) {
  const int n = x.numel();
  carve<<<1, n, 2 * n * sizeof(float), current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
