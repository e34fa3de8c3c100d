// calls: run(out: float32[1] = nan, x: float32[128] = random)
// result: close(out, x.sum().view(1))
// expect: none
// shape: template
template <int Threads>
__device__ void reduce(float* s, int i) {
  for (int d = Threads / 2; d > 0; d /= 2) {
    if (i < d) s[i] += s[i + d];
    __syncthreads();
  }
}
__global__ void sum(float* out, const float* x) {
  __shared__ float s[64];
  const int i = threadIdx.x;
  if (i < 64) s[i] = x[i] + x[i + 64];
  __syncthreads();
  reduce<64>(s, i);
  if (i == 0) out[0] = s[0];
}
void run(Tensor out, const Tensor& x) {
  sum<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
