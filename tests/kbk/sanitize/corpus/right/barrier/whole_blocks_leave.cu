// Blocks without work return before a barrier: no thread of theirs comes to it.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// result: out == x.view(2, 32).flip(1).reshape(64)
// expect: none
// shape: order
__global__ void reverse(float* out, const float* x, int n) {
  __shared__ float tile[32];
  const int first = blockIdx.x * 32;
  if (first >= n) return;
  tile[threadIdx.x] = x[first + threadIdx.x];
  __syncthreads();
  out[first + threadIdx.x] = tile[31 - threadIdx.x];
}
void run(Tensor out, const Tensor& x) { reverse<<<4, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel()); }
