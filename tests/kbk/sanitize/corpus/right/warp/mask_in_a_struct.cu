// calls: run(out: float32[32] = nan, x: float32[32] = random)
// result: out == x + (torch.arange(32) < 16).to(x.device)
// expect: none
// shape: pointer
struct Group {
  unsigned mask;
};
__global__ void halves(float* out, const float* x) {
  __shared__ Group group;
  const int i = threadIdx.x;
  if (i == 0) group.mask = 0x0000ffffu;
  __syncthreads();
  const Group* mine = &group;
  float v = x[i];
  if (i < 16) {
    __syncwarp(mine->mask);
    v += 1;
  }
  __syncthreads();
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  halves<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
