// Load and store of a step without a barrier between them: a neighbour may already have stored the next sum.
// calls: run(out: int32[128] = zeros, x: int32[128] = random)
// expect: kind=race severity=error line=@bug other=@with var=sums
// shape: loop
// gpu: racecheck=error
__global__ void scan(int* out, const int* x) {
  __shared__ int sums[128];
  const int i = threadIdx.x;
  sums[i] = x[i];
  __syncthreads();
#pragma unroll 1
  for (int d = 32; d < 128; d *= 2) {
    const int left = i >= d ? sums[i - d] : 0;  // @with
    sums[i] = sums[i] + left;  // @bug
    __syncthreads();
  }
  out[i] = sums[i];
}
void run(Tensor out, const Tensor& x) { scan<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>()); }
