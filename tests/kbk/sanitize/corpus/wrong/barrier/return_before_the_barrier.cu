// The threads of the tail leave before a barrier that the others wait at. CUDA does not count them any more; other machines do.
// calls: run(out: float32[50] = nan, x: float32[50] = random)
// expect: kind=barrier severity=warning line=@bug
// allow: warning
// shape: simple
// from: https://github.com/LeelaChessZero/lc0/pull/2420
// gpu: synccheck=any
__global__ void pairs(float* out, const float* x, int n) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  if (i >= n) return;
  tile[i] = x[i];
  __syncthreads();  // @bug
  out[i] = tile[i ^ 1];
}
void run(Tensor out, const Tensor& x) {
  pairs<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
