// Shared memory does not begin at zero: the histogram counts on top of what is there.
// calls: run(counts: int32[8] = zeros, ids: int32[64] = random)
// expect: kind=uninitialized severity=error line=@bug var=bins
// shape: function
// gpu: initcheck=any
__device__ __noinline__ void count(int* bins, int id) {
  atomicAdd(&bins[id % 8], 1);  // @bug
}
__global__ void histogram(int* counts, const int* ids) {
  __shared__ int bins[8];
  const int i = threadIdx.x;
  count(bins, ids[i]);
  __syncthreads();
  if (i < 8) atomicAdd(&counts[i], i);
}
void run(Tensor counts, const Tensor& ids) {
  histogram<<<1, 64, 0, current_stream()>>>(counts.mutable_data_ptr<int>(), ids.const_data_ptr<int>());
}
