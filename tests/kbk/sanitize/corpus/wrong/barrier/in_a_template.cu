// reduce<64> has a barrier in each step, but only 64 of the 128 threads call it.
// calls: run(out: float32[1] = nan, x: float32[128] = random)
// expect: kind=barrier severity=error line=@bug other=@with
// allow: warning
// shape: template
// gpu: synccheck=error
template <int Threads>
__device__ void reduce(float* s, int i) {
#pragma unroll 1
  for (int d = Threads / 2; d > 0; d /= 2) {
    if (i < d) s[i] += s[i + d];
    __syncthreads();  // @bug
  }
}
__global__ void sum(float* out, const float* x) {
  __shared__ float s[64];
  const int i = threadIdx.x;
  if (i < 64) s[i] = x[i] + x[i + 64];
  __syncthreads();
  if (i < 64) reduce<64>(s, i);
  __syncthreads();  // @with
  if (i == 0) out[0] = s[0];
}
void run(Tensor out, const Tensor& x) {
  sum<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
