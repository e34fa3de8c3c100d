// The loop steps by three floats with loads of two: every second step is off by four bytes.
// calls: run(out: float32[2] = nan, x: float32[64] = random)
// expect: kind=misaligned severity=error line=@bug var=x index=[3]
// shape: loop
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__global__ void sum_pairs(float2* out, const float* x, int n) {
  float2 sum = make_float2(0, 0);
#pragma unroll 1
  for (int i = 0; i + 1 < n; i += 3) {
    const float2 v = *reinterpret_cast<const float2*>(x + i);  // @bug
    sum.x += v.x;
    sum.y += v.y;
  }
  out[0] = sum;
}
void run(Tensor out, const Tensor& x) {
  sum_pairs<<<1, 1, 0, current_stream()>>>(reinterpret_cast<float2*>(out.data_ptr()), x.const_data_ptr<float>(), x.numel());
}
