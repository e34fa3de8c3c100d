// calls: run(sum: int32[1] = zeros, lock: int32[1] = zeros, x: int32[4] = values(1, -1, 1, 1))
// result: sum == 6
// expect: none
// shape: function
__device__ __noinline__ void add_positive(int* sum, int* lock, int v) {
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  __threadfence();
  if (v > 0) *sum += v;
  __threadfence();
  atomicExch(lock, 0);
}
__global__ void add(int* sum, int* lock, const int* x) {
  for (int round = 0; round < 2; ++round) add_positive(sum, lock, x[blockIdx.x]);
}
void run(Tensor sum, Tensor lock, const Tensor& x) {
  add<<<4, 1, 0, current_stream()>>>(sum.mutable_data_ptr<int>(), lock.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
