// Blocks take the next row from a counter until none is left.
// calls: run(out: float32[10, 32] = nan, x: float32[10, 32] = random, next: int32[1] = zeros)
// result: out == 2 * x
// expect: none
// shape: loop
__global__ void rows(float* out, const float* x, int* next, int num_rows) {
  __shared__ int row;
  for (;;) {
    if (threadIdx.x == 0) row = atomicAdd(next, 1);
    __syncthreads();
    const int r = row;
    __syncthreads();
    if (r >= num_rows) return;
    out[r * 32 + threadIdx.x] = 2 * x[r * 32 + threadIdx.x];
  }
}
void run(Tensor out, const Tensor& x, Tensor next) {
  rows<<<3, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), next.mutable_data_ptr<int>(), x.size(0));
}
