// Both halves at their own pace, each with a mask of its own and reads inside it.
// calls: run(out: int32[32] = zeros, x: int32[32] = random)
// result: out.view(2, 16) == x.view(2, 16).sum(1, keepdim=True)
// expect: none
// shape: loop
__global__ void half_sum(int* out, const int* x) {
  const int i = threadIdx.x;
  int v = x[i];
  if (i < 16) {
    for (int d = 8; d > 0; d /= 2) v += __shfl_xor_sync(0x0000ffffu, v, d);
  } else {
    for (int d = 1; d < 16; d *= 2) v += __shfl_xor_sync(0xffff0000u, v, d);
  }
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  half_sum<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
