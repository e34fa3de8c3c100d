// An expert id of -1 ("no expert") indexes the counters: one element before them.
// calls: run(counts: int32[8] = zeros, ids: int32[96] = values(3, 0, 7, -1, 2, 5))
// expect: kind=out-of-bounds severity=error line=@bug var=counts
// shape: function
// from: kernels.md 15 no. 27, ids of -1 in moe_align_block_size
// gpu: memcheck=error
__device__ __noinline__ void count(int* counts, int expert) {
  atomicAdd(&counts[expert], 1);  // @bug
}
__global__ void histogram(int* counts, const int* ids, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) count(counts, ids[i]);
}
void run(Tensor counts, const Tensor& ids) {
  histogram<<<3, 32, 0, current_stream()>>>(counts.mutable_data_ptr<int>(), ids.const_data_ptr<int>(), ids.numel());
}
