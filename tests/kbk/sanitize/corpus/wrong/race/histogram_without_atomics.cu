// Two threads that meet the same bin add to the same old count.
// calls: run(counts: int32[16] = zeros, ids: int32[128] = random)
// expect: kind=race severity=error line=@bug other=@bug var=bins
// shape: pointer
// gpu: racecheck=error
struct Bins {
  int* counts;
  __device__ int* at(int id) const { return counts + id % 16; }
};
__global__ void histogram(int* counts, const int* ids) {
  __shared__ int bins[16];
  const int i = threadIdx.x;
  if (i < 16) bins[i] = 0;
  __syncthreads();
  const Bins all{bins};
  int* mine = all.at(ids[i]);
  *mine = *mine + 1;  // @bug
  __syncthreads();
  if (i < 16) counts[i] = bins[i];
}
void run(Tensor counts, const Tensor& ids) {
  histogram<<<1, 128, 0, current_stream()>>>(counts.mutable_data_ptr<int>(), ids.const_data_ptr<int>());
}
