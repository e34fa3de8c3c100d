// calls: run(out: float32[128] = nan, x: float32[128] = random, row: float32[128] = zeros)
// result: out == x.flip(0)
// expect: none
// shape: order
#include <cooperative_groups.h>
__global__ void reverse(float* out, const float* x, float* row, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  row[i] = x[i];
  cooperative_groups::this_grid().sync();
  out[i] = row[n - 1 - i];
}
void run(Tensor out, const Tensor& x, Tensor row) {
  float* o = out.mutable_data_ptr<float>();
  const float* in = x.const_data_ptr<float>();
  float* r = row.mutable_data_ptr<float>();
  int n = x.numel();
  void* arguments[] = {&o, &in, &r, &n};
  KBK_CHECK(cudaLaunchCooperativeKernel((void*)reverse, dim3(2), dim3(64), arguments, 0, current_stream()) == cudaSuccess, "launch");
}
