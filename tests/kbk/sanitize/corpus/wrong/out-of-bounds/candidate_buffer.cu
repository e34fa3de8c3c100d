// A buffer for 16 candidates; with ties there are 40, and each takes the next place.
// calls: run(out: int32[16] = zeros, scores: int32[64] = values(7, 7, 7, 1, 7, 7, 2, 3))
// expect: kind=out-of-bounds severity=error line=@bug var=candidates index=[16]
// shape: order
// from: kernels.md 15 no. 1 and 2 (sglang 36807, 30512)
// gpu: memcheck=any racecheck=any initcheck=any synccheck=any
__global__ void collect(int* out, const int* scores) {
  __shared__ int count;
  __shared__ int candidates[16];
  const int i = threadIdx.x;
  if (i == 0) count = 0;
  __syncthreads();
  if (scores[i] == 7) {
    const int place = atomicAdd(&count, 1);
    candidates[place] = i;  // @bug
  }
  __syncthreads();
  if (i < 16) out[i] = candidates[i];
}
void run(Tensor out, const Tensor& scores) {
  collect<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<int>(), scores.const_data_ptr<int>());
}
