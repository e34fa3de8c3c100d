// All 32 lanes shuffle with a mask that names the first 16.
// calls: run(out: int32[32] = zeros, x: int32[32] = random)
// expect: kind=barrier severity=error line=@bug
// shape: simple
// from: kernels.md 15 no. 20
// gpu: synccheck=any
__global__ void shuffle(int* out, const int* x) {
  const int i = threadIdx.x;
  const int v = __shfl_xor_sync(0x0000ffffu, x[i], 1);  // @bug
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  shuffle<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
