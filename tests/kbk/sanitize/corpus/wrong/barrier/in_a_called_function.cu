// A helper with a barrier, called by one warp only, while the others are at the kernel's own barrier.
// calls: run(out: float32[96] = nan, x: float32[96] = random)
// expect: kind=barrier severity=error line=@bug other=@with
// allow: warning
// shape: function
// from: https://github.com/acts-project/acts/pull/307
// gpu: synccheck=error
__device__ __noinline__ float twice(float v) {
  __syncthreads();  // @bug
  return 2 * v;
}
__global__ void call(float* out, const float* x) {
  const int i = threadIdx.x;
  float v = x[i];
  if (i < 32) v = twice(v);
  out[i] = v;
  __syncthreads();  // @with
  out[i] += 1;
}
void run(Tensor out, const Tensor& x) {
  call<<<1, 96, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
