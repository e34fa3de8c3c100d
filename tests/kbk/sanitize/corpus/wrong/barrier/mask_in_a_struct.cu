// The group's mask names all 32 lanes; half of them wait at the block's barrier.
// calls: run(out: float32[32] = nan, x: float32[32] = random)
// expect: kind=barrier severity=error line=@bug
// also: hang
// shape: pointer
// gpu: skip: the lanes may wait for ever
struct Group {
  unsigned mask;
};
__global__ void halves(float* out, const float* x) {
  __shared__ Group group;
  const int i = threadIdx.x;
  if (i == 0) group.mask = 0xffffffffu;
  __syncthreads();
  const Group* mine = &group;
  float v = x[i];
  if (i < 16) {
    __syncwarp(mine->mask);  // @bug
    v += 1;
  }
  __syncthreads();
  out[i] = v;
}
void run(Tensor out, const Tensor& x) {
  halves<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
