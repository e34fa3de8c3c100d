// A volatile flag with a fence on each side, as in scans that look back.
// calls: run(out: float32[1] = nan, data: float32[1] = zeros, flag: int32[1] = zeros)
// result: out == 42
// expect: none
// shape: pointer
struct Mail {
  float* data;
  volatile int* flag;
};
__global__ void hand_over(float* out, Mail mail) {
  if (blockIdx.x == 0) {
    *mail.data = 42;
    __threadfence();
    *mail.flag = 1;
  } else {
    while (*mail.flag == 0) {
    }
    __threadfence();
    out[0] = *mail.data;
  }
}
void run(Tensor out, Tensor data, Tensor flag) {
  hand_over<<<2, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(),
                                           Mail{data.mutable_data_ptr<float>(), flag.mutable_data_ptr<int>()});
}
