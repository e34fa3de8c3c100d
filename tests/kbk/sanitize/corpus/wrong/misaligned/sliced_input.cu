// x begins one element after its storage: no float4 begins there.
// calls: run(out: float32[64] = nan, x: float32[80][1:65] = random)
// expect: kind=misaligned severity=error line=@bug var=x
// shape: simple
// from: kernels.md 15 no. 7, sliced inputs
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__global__ void copy(float* out, const float* x) {
  const int i = threadIdx.x;
  const float4 v = reinterpret_cast<const float4*>(x)[i];  // @bug
  out[4 * i] = v.x;
  out[4 * i + 1] = v.y;
  out[4 * i + 2] = v.z;
  out[4 * i + 3] = v.w;
}
void run(Tensor out, const Tensor& x) {
  copy<<<1, 16, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
