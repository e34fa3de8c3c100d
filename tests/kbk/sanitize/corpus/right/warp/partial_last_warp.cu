// A block of 50 threads: the second warp has 18 lanes, and its mask names just these.
// calls: run(out: float32[2] = nan, x: float32[50] = random)
// result: close(out, torch.stack([x[:32].sum(), x[32:].sum()]))
// expect: none
// shape: order
__global__ void sums(float* out, const float* x) {
  const int lane = threadIdx.x % 32;
  const int left_over = blockDim.x - threadIdx.x / 32 * 32;
  const unsigned mask = left_over >= 32 ? 0xffffffffu : (1u << left_over) - 1;
  float v = x[threadIdx.x];
  float sum = 0;
  for (unsigned left = mask; left != 0; left &= left - 1) sum += __shfl_sync(mask, v, __ffs(left) - 1);
  if (lane == 0) out[threadIdx.x / 32] = sum;
}
void run(Tensor out, const Tensor& x) { sums<<<1, 50, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>()); }
