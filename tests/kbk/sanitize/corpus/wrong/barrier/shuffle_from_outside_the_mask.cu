// 16 lanes add up by halves of 16 where halves of 8 are meant: they read lanes that take no part.
// calls: run(out: int32[32] = zeros, x: int32[32] = ones)
// expect: kind=barrier severity=warning line=@bug
// allow: warning
// shape: loop
// from: kernels.md 15 no. 20 (sglang 8449)
// gpu: clean
__global__ void half_sum(int* out, const int* x) {
  const int i = threadIdx.x;
  int v = x[i];
  if (i < 16) {
#pragma unroll 1
    for (int d = 16; d > 0; d /= 2) {
      v += __shfl_down_sync(0x0000ffffu, v, d);  // @bug
    }
  }
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  half_sum<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
