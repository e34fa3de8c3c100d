// Counts, a scan by one thread, then each token takes its place: barriers between the three.
// calls: run(sorted: int32[64] = zeros, offsets: int32[9] = zeros, ids: int32[64] = values(3, 0, 7, 5, 2, 5, 1))
// result: (offsets[1:] == torch.cumsum(torch.bincount(ids.long(), minlength=8), 0)).all() & (ids[sorted.long()] == ids.sort().values)
// expect: none
// shape: function
__device__ void scan(int* offsets, const int* counts) {
  offsets[0] = 0;
  for (int e = 0; e < 8; ++e) offsets[e + 1] = offsets[e] + counts[e];
}
__global__ void align(int* sorted, int* out, const int* ids) {
  __shared__ int counts[8], offsets[9];
  const int i = threadIdx.x;
  if (i < 8) counts[i] = 0;
  __syncthreads();
  atomicAdd(&counts[ids[i]], 1);
  __syncthreads();
  if (i == 0) scan(offsets, counts);
  __syncthreads();
  if (i < 9) out[i] = offsets[i];
  __syncthreads();
  sorted[atomicAdd(&offsets[ids[i]], 1)] = i;
}
void run(Tensor sorted, Tensor offsets, const Tensor& ids) {
  align<<<1, 64, 0, current_stream()>>>(sorted.mutable_data_ptr<int>(), offsets.mutable_data_ptr<int>(), ids.const_data_ptr<int>());
}
