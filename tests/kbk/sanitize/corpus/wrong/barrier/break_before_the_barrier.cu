// A thread whose value is negative leaves the loop and misses its barriers.
// calls: run(out: int32[64] = zeros, x: int32[64] = values(1, 1, -1, 1, 1, 1, 1))
// expect: kind=barrier severity=error line=@bug other=@with
// allow: warning
// shape: loop
// from: https://github.com/1bit-MONSTER/1bit-MONSTER/issues/1262
// gpu: skip: the threads that left the loop and those in it wait for ever
__global__ void rounds(int* out, const int* x) {
  const int i = threadIdx.x;
  int sum = 0;
#pragma unroll 1
  for (int round = 0; round < 3; ++round) {
    if (x[i] < 0) break;
    sum += x[i];
    __syncthreads();  // @bug
  }
  __syncthreads();  // @with
  out[i] = sum;
}
void run(Tensor out, const Tensor& x) {
  rounds<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
