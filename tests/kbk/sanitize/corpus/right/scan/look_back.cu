// Each block publishes its sum, then its prefix, with a fence before each flag; it waits for the block before it only.
// calls: run(out: int32[8, 32] = zeros, x: int32[8, 32] = random, prefix: int32[8] = empty, state: int32[8] = zeros, next: int32[1] = zeros)
// result: out.flatten() == torch.cumsum(x.flatten(), 0)
// expect: none
// shape: order
__global__ void scan(int* out, const int* x, int* prefix, int* state, int* next) {
  __shared__ int block, before;
  const int lane = threadIdx.x;
  if (lane == 0) block = atomicAdd(next, 1);
  __syncthreads();
  int v = x[block * 32 + lane];
  for (int d = 1; d < 32; d *= 2) {
    const int left = __shfl_up_sync(0xffffffffu, v, d);
    if (lane >= d) v += left;
  }
  if (lane == 31) {
    int sum = 0;
    if (block > 0) {
      while (atomicAdd(&state[block - 1], 0) == 0) {
      }
      __threadfence();
      sum = prefix[block - 1];
    }
    prefix[block] = sum + v;
    __threadfence();
    atomicExch(&state[block], 1);
    before = sum;
  }
  __syncthreads();
  out[block * 32 + lane] = before + v;
}
void run(Tensor out, const Tensor& x, Tensor prefix, Tensor state, Tensor next) {
  scan<<<8, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>(), prefix.mutable_data_ptr<int>(),
                                       state.mutable_data_ptr<int>(), next.mutable_data_ptr<int>());
}
