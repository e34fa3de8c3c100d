// k rounds: the block finds the largest, one thread takes it out, all go on.
// calls: run(out: int32[4] = zeros, x: int32[64] = arange)
// result: out == torch.tensor([63, 62, 61, 60], device=out.device)
// expect: none
// shape: loop
__global__ void top_k(int* out, const int* x, int k) {
  __shared__ int values[64], best[64];
  const int i = threadIdx.x;
  values[i] = x[i];
  for (int round = 0; round < k; ++round) {
    best[i] = values[i];
    __syncthreads();
    for (int d = 32; d > 0; d /= 2) {
      if (i < d && best[i + d] > best[i]) best[i] = best[i + d];
      __syncthreads();
    }
    if (values[i] == best[0]) {
      out[round] = values[i];
      values[i] = -1;
    }
    __syncthreads();
  }
}
void run(Tensor out, const Tensor& x) { top_k<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>(), out.numel()); }
