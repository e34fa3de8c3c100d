// The barrier of all blocks waits for one arrival more than there are blocks.
// calls: run(out: int32[4] = zeros, arrived: int32[1] = zeros)
// expect: kind=hang severity=error line=@bug
// shape: template
// gpu: skip: endless
template <int Blocks>
__device__ void wait_for_all(int* arrived) {
  atomicAdd(arrived, 1);
  while (atomicAdd(arrived, 0) < Blocks) {  // @bug
  }  // @bug
}
__global__ void meet(int* out, int* arrived) {
  wait_for_all<5>(arrived);
  out[blockIdx.x] = 1;
}
void run(Tensor out, Tensor arrived) {
  meet<<<4, 1, 0, current_stream()>>>(out.mutable_data_ptr<int>(), arrived.mutable_data_ptr<int>());
}
