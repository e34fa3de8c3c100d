// Two rounds of a stencil over all blocks, with two buffers and one grid barrier a round.
// calls: run(out: float32[96] = nan, a: float32[96] = random, b: float32[96] = zeros)
// result: close(out, before.a + 2 * before.a.roll(-1) + before.a.roll(-2))
// expect: none
// shape: loop
#include <cooperative_groups.h>
__global__ void rounds(float* out, float* a, float* b, int n) {
  const auto grid = cooperative_groups::this_grid();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int round = 0; round < 2; ++round) {
    b[i] = a[i] + a[(i + 1) % n];
    grid.sync();
    float* t = a;
    a = b;
    b = t;
  }
  out[i] = a[i];
}
void run(Tensor out, Tensor a, Tensor b) {
  float *o = out.mutable_data_ptr<float>(), *pa = a.mutable_data_ptr<float>(), *pb = b.mutable_data_ptr<float>();
  int n = out.numel();
  void* arguments[] = {&o, &pa, &pb, &n};
  KBK_CHECK(cudaLaunchCooperativeKernel((void*)rounds, dim3(3), dim3(32), arguments, 0, current_stream()) == cudaSuccess, "launch");
}
