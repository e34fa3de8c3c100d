// The second block waits for a flag and takes the data; nothing orders the data before the flag.
// calls: run(out: float32[1] = nan, data: float32[1] = zeros, flag: int32[1] = zeros)
// expect: kind=race severity=error line=@bug other=@with var=data index=[0]
// shape: pointer
// gpu: clean
struct Mail {
  float* data;
  int* flag;
};
__global__ void hand_over(float* out, Mail mail) {
  if (blockIdx.x == 0) {
    *mail.data = 42;  // @with
    atomicExch(mail.flag, 1);
  } else {
    while (atomicAdd(mail.flag, 0) == 0) {
    }
    out[0] = *mail.data;  // @bug
  }
}
void run(Tensor out, Tensor data, Tensor flag) {
  hand_over<<<2, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(),
                                           Mail{data.mutable_data_ptr<float>(), flag.mutable_data_ptr<int>()});
}
