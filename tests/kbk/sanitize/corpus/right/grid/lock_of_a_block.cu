// Thread 0 takes the lock for its block; barriers hand it to the other threads and back.
// calls: run(sums: int32[64] = zeros, lock: int32[1] = zeros)
// result: sums == 5
// expect: none
// shape: function
__device__ void take(int* lock) {
  if (threadIdx.x == 0) {
    while (atomicCAS(lock, 0, 1) != 0) __nanosleep(20);
    __threadfence();
  }
  __syncthreads();
}
__device__ void give(int* lock) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    atomicExch(lock, 0);
  }
}
__global__ void add(int* sums, int* lock) {
  take(lock);
  sums[(threadIdx.x + 8 * blockIdx.x) % 64] += 1;
  give(lock);
}
void run(Tensor sums, Tensor lock) { add<<<5, 64, 0, current_stream()>>>(sums.mutable_data_ptr<int>(), lock.mutable_data_ptr<int>()); }
