// The lock keeps two threads apart in time; without a fence it does not hand on what the first one stored.
// calls: run(sum: int32[1] = zeros, lock: int32[1] = zeros)
// expect: kind=race severity=error line=@bug other=@bug var=sum index=[0]
// shape: function
// gpu: clean
__device__ void add_one(int* sum, int* lock) {
  for (bool done = false; !done;) {
    if (atomicCAS(lock, 0, 1) == 0) {
      *sum = *sum + 1;  // @bug
      atomicExch(lock, 0);
      done = true;
    }
  }
}
__global__ void count(int* sum, int* lock) { add_one(sum, lock); }
void run(Tensor sum, Tensor lock) {
  count<<<4, 1, 0, current_stream()>>>(sum.mutable_data_ptr<int>(), lock.mutable_data_ptr<int>());
}
