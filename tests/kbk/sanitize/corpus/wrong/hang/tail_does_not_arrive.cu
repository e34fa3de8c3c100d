// Each thread with an element counts itself; the last block's tail has none, and the first thread waits for whole blocks.
// calls: run(out: int32[1] = zeros, arrived: int32[1] = zeros, n = 90)
// expect: kind=hang severity=error line=@bug block=[0,0,0] thread=[0,0,0]
// shape: order
// from: kernels.md 15 no. 22 (vllm 24966), splits that never come
// gpu: skip: endless
__global__ void wait(int* out, int* arrived, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  atomicAdd(arrived, 1);
  if (i == 0) {
    while (atomicAdd(arrived, 0) < int(gridDim.x * blockDim.x)) {  // @bug
    }  // @bug
    out[0] = 1;
  }
}
void run(Tensor out, Tensor arrived, int64_t n) {
  wait<<<3, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), arrived.mutable_data_ptr<int>(), n);
}
