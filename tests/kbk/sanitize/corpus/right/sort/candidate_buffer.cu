// What does not fit is left out on purpose.
// calls: run(out: int32[16] = zeros, scores: int32[64] = values(7, 7, 7, 1, 7, 7, 2, 3))
// result: (scores[out.long()] == 7) & (out.unique().numel() == 16)
// expect: none
// shape: order
__global__ void collect(int* out, const int* scores) {
  __shared__ int count;
  __shared__ int candidates[16];
  const int i = threadIdx.x;
  if (i == 0) count = 0;
  __syncthreads();
  if (scores[i] == 7) {
    const int place = atomicAdd(&count, 1);
    if (place < 16) candidates[place] = i;
  }
  __syncthreads();
  if (i < 16) out[i] = candidates[i];
}
void run(Tensor out, const Tensor& scores) {
  collect<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<int>(), scores.const_data_ptr<int>());
}
