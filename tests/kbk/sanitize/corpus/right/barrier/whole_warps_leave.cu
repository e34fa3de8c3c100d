// Warps without work return; no barrier comes after.
// calls: run(out: float32[40] = nan, x: float32[40] = random)
// result: out == x
// expect: none
// shape: order
__global__ void copy(float* out, const float* x, int n) {
  __shared__ float tile[128];
  const int i = threadIdx.x;
  tile[i] = i < n ? x[i] : 0;
  __syncthreads();
  if (i >= n) return;
  out[i] = tile[i];
  __syncwarp(__activemask());
}
void run(Tensor out, const Tensor& x) { copy<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel()); }
