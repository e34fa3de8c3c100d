// The counts are zeroed and counted into with no barrier between: a fast warp counts, a slow one zeroes.
// calls: run(out: int32[96] = zeros, ids: int32[96] = random)
// expect: kind=race severity=error line=@bug other=@with var=counts
// also: uninitialized
// shape: simple
// from: kernels.md 15 no. 32 (vllm 49139)
// gpu: racecheck=clean
__global__ void histogram(int* out, const int* ids) {
  __shared__ int counts[96];
  const int i = threadIdx.x;
  counts[i] = 0;  // @with
  atomicAdd(&counts[(ids[i] + 48) % 96], 1);  // @bug
  __syncthreads();
  out[i] = counts[i];
}
void run(Tensor out, const Tensor& ids) {
  histogram<<<1, 96, 0, current_stream()>>>(out.mutable_data_ptr<int>(), ids.const_data_ptr<int>());
}
