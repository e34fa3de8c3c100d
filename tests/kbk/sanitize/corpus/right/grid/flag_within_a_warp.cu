// Lanes of one warp may wait for each other since Volta.
// calls: run(out: int32[32] = zeros, flag: int32[1] = zeros, data: int32[1] = zeros)
// result: (out[0] == 7) & (out[1:] == 0).all()
// expect: none
// shape: simple
__global__ void wait(int* out, int* flag, int* data) {
  if (threadIdx.x == 0) {
    while (atomicAdd(flag, 0) == 0) {
    }
    __threadfence();
    out[0] = *data;
  } else if (threadIdx.x == 17) {
    *data = 7;
    __threadfence();
    atomicExch(flag, 1);
  }
}
void run(Tensor out, Tensor flag, Tensor data) {
  wait<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), flag.mutable_data_ptr<int>(), data.mutable_data_ptr<int>());
}
