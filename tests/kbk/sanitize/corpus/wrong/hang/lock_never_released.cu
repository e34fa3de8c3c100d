// The early return of a helper leaves the lock taken: whoever comes next spins for ever.
// calls: run(sum: int32[1] = zeros, lock: int32[1] = zeros, x: int32[4] = values(1, -1, 1, 1))
// expect: kind=hang severity=error line=@bug
// shape: function
// gpu: skip: endless
__device__ __noinline__ void add_positive(int* sum, int* lock, int v) {
  while (atomicCAS(lock, 0, 1) != 0) {  // @bug
  }  // @bug
  __threadfence();
  if (v < 0) return;
  *sum += v;
  __threadfence();
  atomicExch(lock, 0);
}
__global__ void add(int* sum, int* lock, const int* x) {
  for (int round = 0; round < 2; ++round) add_positive(sum, lock, x[blockIdx.x]);
}
void run(Tensor sum, Tensor lock, const Tensor& x) {
  add<<<4, 1, 0, current_stream()>>>(sum.mutable_data_ptr<int>(), lock.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
