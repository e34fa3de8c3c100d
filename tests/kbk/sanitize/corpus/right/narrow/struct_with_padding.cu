// A struct with three bytes of padding travels through shared memory whole: nobody stores the padding, nobody minds.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// result: out == torch.where(x.flip(0) > 0, x.flip(0), 0)
// expect: none
// shape: pointer
// gpu: initcheck=any
struct Entry {
  float value;
  bool positive;
};
__global__ void reverse(float* out, const float* x) {
  __shared__ Entry entries[64];
  const int i = threadIdx.x;
  Entry mine;
  mine.value = x[i];
  mine.positive = mine.value > 0;
  entries[i] = mine;
  __syncthreads();
  const Entry other = entries[63 - i];
  out[i] = other.positive ? other.value : 0;
}
void run(Tensor out, const Tensor& x) {
  reverse<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
