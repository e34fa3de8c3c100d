// Odd blocks take one lock and even blocks the other, and both add to the same sum.
// calls: run(sum: int32[1] = zeros, locks: int32[2] = zeros)
// expect: kind=race severity=error line=@bug other=@bug var=sum index=[0]
// shape: pointer
// gpu: clean
__device__ void add_one(int* sum, int* lock) {
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  __threadfence();
  *sum = *sum + 1;  // @bug
  __threadfence();
  atomicExch(lock, 0);
}
__global__ void count(int* sum, int* locks) { add_one(sum, locks + blockIdx.x % 2); }
void run(Tensor sum, Tensor locks) { count<<<4, 1, 0, current_stream()>>>(sum.mutable_data_ptr<int>(), locks.mutable_data_ptr<int>()); }
