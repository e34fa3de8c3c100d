// The flag is fenced and set before the data is stored.
// calls: run(out: float32[1] = nan, data: float32[1] = zeros, flag: int32[1] = zeros)
// expect: kind=race severity=error line=@bug other=@with var=data index=[0]
// shape: template
// gpu: clean
template <typename T>
__global__ void hand_over(T* out, T* data, int* flag) {
  if (blockIdx.x == 0) {
    __threadfence();
    atomicExch(flag, 1);
    *data = 42;  // @with
  } else {
    while (atomicAdd(flag, 0) == 0) {
    }
    __threadfence();
    out[0] = *data;  // @bug
  }
}
void run(Tensor out, Tensor data, Tensor flag) {
  hand_over<float><<<2, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), data.mutable_data_ptr<float>(), flag.mutable_data_ptr<int>());
}
