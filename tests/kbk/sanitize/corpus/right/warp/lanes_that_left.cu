// Some lanes return; the others go on with a mask of those that stay, and with __syncwarp on it.
// calls: run(out: float32[32] = zeros, x: float32[32] = random)
// result: (out[:20] == x[:20].flip(0)) & (out[20:] == 0).all()
// expect: none
// shape: order
__global__ void reverse(float* out, const float* x, int n) {
  __shared__ float tile[32];
  const int i = threadIdx.x;
  const unsigned mask = __ballot_sync(0xffffffffu, i < n);
  if (i >= n) return;
  tile[i] = x[i];
  __syncwarp(mask);
  out[i] = tile[n - 1 - i];
}
void run(Tensor out, const Tensor& x) { reverse<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), 20); }
