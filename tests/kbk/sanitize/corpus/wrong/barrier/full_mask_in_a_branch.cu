// Lanes with a positive value shuffle with the full mask; the others are at the barrier below and never come.
// calls: run(out: int32[32] = zeros, x: int32[32] = values(5, -1, 3, 2))
// expect: kind=barrier severity=error line=@bug
// also: hang
// shape: function
// from: https://github.com/alpaka-group/mallocMC/pull/145
// gpu: skip: the lanes may wait for ever
__device__ __noinline__ int from_lane_zero(int v) {
  return __shfl_sync(0xffffffffu, v, 0);  // @bug
}
__global__ void positive(int* out, const int* x) {
  const int i = threadIdx.x;
  int v = x[i];
  if (v > 0) v = from_lane_zero(v);
  __syncthreads();
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  positive<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
