// calls: run(out: int32[32] = zeros, x: int32[32] = values(5, -1, 3, 2))
// result: out == torch.where(x > 0, 5, x)
// expect: none
// shape: function
__device__ __noinline__ int from_first_lane(unsigned mask, int v) { return __shfl_sync(mask, v, __ffs(mask) - 1); }
__global__ void positive(int* out, const int* x) {
  const int i = threadIdx.x;
  int v = x[i];
  const unsigned mask = __ballot_sync(0xffffffffu, v > 0);
  if (v > 0) v = from_first_lane(mask, v);
  __syncthreads();
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  positive<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
