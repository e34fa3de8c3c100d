// Rows of 10 floats are 40 bytes: row 0 starts on 16 bytes, row 1 eight bytes later.
// calls: run(out: float32[3, 4] = nan, x: float32[3, 10] = random)
// expect: kind=misaligned severity=error line=@bug block=[1,0,0] var=x index=[1,0]
// shape: order
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__global__ void first_four(float* out, const float* x, int width) {
  const float* row = x + blockIdx.x * width;
  reinterpret_cast<float4*>(out)[blockIdx.x] = *reinterpret_cast<const float4*>(row);  // @bug
}
void run(Tensor out, const Tensor& x) {
  first_four<<<3, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.size(1));
}
