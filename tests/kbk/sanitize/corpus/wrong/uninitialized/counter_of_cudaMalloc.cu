// The ticket counter comes from cudaMalloc, which zeroes nothing.
// calls: run(out: int32[64] = zeros)
// expect: kind=uninitialized severity=error line=@bug
// shape: function
// gpu: initcheck=any
__device__ int ticket(int* next) {
  return atomicAdd(next, 1);  // @bug
}
__global__ void take(int* out, int* next) { out[threadIdx.x] = ticket(next); }
void run(Tensor out) {
  int* next = nullptr;
  KBK_CHECK(cudaMalloc(&next, sizeof(int)) == cudaSuccess, "no memory");
  take<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<int>(), next);
  cudaDeviceSynchronize();
  cudaFree(next);
}
