// 1002 floats are 250 float4 and two more; rounding up makes the last thread touch two floats that are not there.
// calls: run(out: float32[1004] = nan, x: float32[1002] = random)
// expect: kind=out-of-bounds severity=error line=@bug block=[3,0,0] thread=[58,0,0] var=x
// shape: template
// from: kernels.md 15 no. 7, vector loads whose guard looks at the wrong length
// gpu: memcheck=error
template <typename Vec>
__global__ void copy(Vec* out, const Vec* x, int vectors) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= vectors) return;
  const Vec v = x[i];  // @bug
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  const int vectors = (x.numel() + 3) / 4;
  copy<float4><<<4, 64, 0, current_stream()>>>(reinterpret_cast<float4*>(out.data_ptr()),
                                              reinterpret_cast<const float4*>(x.data_ptr()), vectors);
}
