// Whole warps return early and the others meet at a barrier: CUDA counts only threads that have not left.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// result: out == x.flip(0)
// expect: none
// allow: warning
// shape: order
// gpu: synccheck=any
__global__ void reverse(float* out, const float* x, int n) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  if (i >= n) return;
  tile[i] = x[i];
  __syncthreads();
  out[i] = tile[n - 1 - i];
}
void run(Tensor out, const Tensor& x) { reverse<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel()); }
