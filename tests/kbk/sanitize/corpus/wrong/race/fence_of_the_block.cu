// __threadfence_block orders stores for the threads of one block; the reader is in another.
// calls: run(out: float32[1] = nan, data: float32[1] = zeros, flag: int32[1] = zeros)
// expect: kind=race severity=error line=@bug other=@with var=data index=[0]
// shape: simple
// gpu: clean
__global__ void hand_over(float* out, float* data, int* flag) {
  if (blockIdx.x == 0) {
    *data = 42;  // @with
    __threadfence_block();
    atomicExch(flag, 1);
  } else {
    while (atomicAdd(flag, 0) == 0) {
    }
    __threadfence();
    out[0] = *data;  // @bug
  }
}
void run(Tensor out, Tensor data, Tensor flag) {
  hand_over<<<2, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), data.mutable_data_ptr<float>(), flag.mutable_data_ptr<int>());
}
