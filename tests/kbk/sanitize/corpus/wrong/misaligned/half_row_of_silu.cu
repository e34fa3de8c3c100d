// Rows hold gate and up, d each. The guard looks at 2d, a multiple of 8; with d = 12 the half that begins at d is 8 bytes off.
// calls: run(out: bfloat16[4, 16] = zeros, x: bfloat16[4, 24] = random)
// expect: kind=misaligned severity=error line=@bug var=x
// shape: function
// from: kernels.md 15 no. 7, d = 3420
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__device__ __noinline__ uint4 load8(const __nv_bfloat16* at) {
  return *reinterpret_cast<const uint4*>(at);  // @bug
}
__global__ void take_up(__nv_bfloat16* out, const __nv_bfloat16* x, int d) {
  const uint4 up = load8(x + blockIdx.x * 2 * d + d);
  *reinterpret_cast<uint4*>(out + blockIdx.x * 16) = up;
}
void run(Tensor out, const Tensor& x) {
  const int d = x.size(1) / 2;
  KBK_CHECK(2 * d % 8 == 0, "d");
  take_up<<<4, 1, 0, current_stream()>>>(static_cast<__nv_bfloat16*>(out.data_ptr()),
                                         static_cast<const __nv_bfloat16*>(x.data_ptr()), d);
}
