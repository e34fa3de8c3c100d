// Two halves at once from an odd column.
// calls: run(out: float16[4, 2] = zeros, x: float16[4, 6] = random)
// expect: kind=misaligned severity=error line=@bug var=x
// shape: loop
// from: https://github.com/apache/tvm/issues/8540
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__global__ void take(__half2* out, const __half* x) {
#pragma unroll 1
  for (int r = 0; r < 4; ++r) {
    const __half2 v = *reinterpret_cast<const __half2*>(x + 6 * r + 1);  // @bug
    out[r] = v;
  }
}
void run(Tensor out, const Tensor& x) { take<<<1, 1, 0, current_stream()>>>(static_cast<__half2*>(out.data_ptr()), static_cast<const __half*>(x.data_ptr())); }
