// Two blocks store the two halves of each four-byte word.
// calls: run(out: bfloat16[128] = zeros, x: bfloat16[128] = random)
// result: out == x
// expect: none
// shape: simple
__global__ void copy(__nv_bfloat16* out, const __nv_bfloat16* x) {
  const int i = 2 * threadIdx.x + blockIdx.x;
  out[i] = x[i];
}
void run(Tensor out, const Tensor& x) {
  copy<<<2, 64, 0, current_stream()>>>(static_cast<__nv_bfloat16*>(out.data_ptr()), static_cast<const __nv_bfloat16*>(x.data_ptr()));
}
