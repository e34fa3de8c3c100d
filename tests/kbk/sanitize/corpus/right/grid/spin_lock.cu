// calls: run(sum: int32[1] = zeros, lock: int32[1] = zeros)
// result: sum == 4 * 40
// expect: none
// shape: function
__device__ void add_one(int* sum, int* lock) {
  for (bool done = false; !done;) {
    if (atomicCAS(lock, 0, 1) == 0) {
      __threadfence();
      *sum = *sum + 1;
      __threadfence();
      atomicExch(lock, 0);
      done = true;
    }
  }
}
__global__ void count(int* sum, int* lock) { add_one(sum, lock); }
void run(Tensor sum, Tensor lock) {
  count<<<4, 40, 0, current_stream()>>>(sum.mutable_data_ptr<int>(), lock.mutable_data_ptr<int>());
}
