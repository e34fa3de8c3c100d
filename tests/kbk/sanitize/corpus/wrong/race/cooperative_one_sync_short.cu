// One buffer and one grid barrier a round: a block stores what its neighbour still has to load.
// calls: run(out: float32[96] = nan, a: float32[96] = random)
// expect: kind=race severity=error line=@bug other=@with var=a
// shape: loop
// gpu: clean
#include <cooperative_groups.h>
__global__ void rounds(float* out, float* a, int n) {
  const auto grid = cooperative_groups::this_grid();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int round = 0; round < 2; ++round) {
    const float v = a[i] + a[(i + 32) % n];  // @with
    a[i] = v;  // @bug
    grid.sync();
  }
  out[i] = a[i];
}
void run(Tensor out, Tensor a) {
  float *o = out.mutable_data_ptr<float>(), *pa = a.mutable_data_ptr<float>();
  int n = out.numel();
  void* arguments[] = {&o, &pa, &n};
  KBK_CHECK(cudaLaunchCooperativeKernel((void*)rounds, dim3(3), dim3(32), arguments, 0, current_stream()) == cudaSuccess, "launch");
}
