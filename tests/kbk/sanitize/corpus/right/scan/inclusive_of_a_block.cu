// calls: run(out: int32[128] = zeros, x: int32[128] = random)
// result: out == torch.cumsum(x, 0)
// expect: none
// shape: loop
__global__ void scan(int* out, const int* x) {
  __shared__ int sums[128];
  const int i = threadIdx.x;
  sums[i] = x[i];
  __syncthreads();
  for (int d = 1; d < 128; d *= 2) {
    const int left = i >= d ? sums[i - d] : 0;
    __syncthreads();
    sums[i] += left;
    __syncthreads();
  }
  out[i] = sums[i];
}
void run(Tensor out, const Tensor& x) { scan<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>()); }
