// calls: run(out: bfloat16[4, 8] = zeros, x: bfloat16[4, 32] = random)
// result: out == x[:, 16:24]
// expect: none
// shape: function
__device__ __noinline__ uint4 load8(const __nv_bfloat16* at) { return *reinterpret_cast<const uint4*>(at); }
__global__ void take_up(__nv_bfloat16* out, const __nv_bfloat16* x, int d) {
  const uint4 up = load8(x + blockIdx.x * 2 * d + d);
  *reinterpret_cast<uint4*>(out + blockIdx.x * 8) = up;
}
void run(Tensor out, const Tensor& x) {
  const int d = x.size(1) / 2;
  KBK_CHECK(d % 8 == 0, "d");
  take_up<<<4, 1, 0, current_stream()>>>(static_cast<__nv_bfloat16*>(out.data_ptr()),
                                         static_cast<const __nv_bfloat16*>(x.data_ptr()), d);
}
