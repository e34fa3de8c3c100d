// doubles, then floats, then bytes: each array starts where its type may.
// calls: run(out: float32[48] = nan, x: float32[48] = random)
// result: out == x + x.flip(0) + torch.arange(48, device=x.device)
// expect: none
// shape: pointer
__global__ void carve(float* out, const float* x, int n) {
  extern __shared__ __align__(16) unsigned char arena[];
  double* doubles = reinterpret_cast<double*>(arena);
  float* floats = reinterpret_cast<float*>(doubles + n);
  unsigned char* bytes = reinterpret_cast<unsigned char*>(floats + n);
  const int i = threadIdx.x;
  doubles[i] = x[i];
  floats[n - 1 - i] = x[i];
  bytes[i] = static_cast<unsigned char>(n - 1 - i);
  __syncthreads();
  out[i] = float(doubles[i]) + floats[i] + bytes[n - 1 - i];
}
void run(Tensor out, const Tensor& x) {
  const int n = x.numel();
  carve<<<1, n, n * (8 + 4 + 1), current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
