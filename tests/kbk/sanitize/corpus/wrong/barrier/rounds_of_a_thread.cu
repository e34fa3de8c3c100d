// 96 elements for 64 threads: half of the threads come to the loop's barrier twice, the others once.
// calls: run(out: float32[96] = nan, x: float32[96] = random)
// expect: kind=barrier severity=error line=@bug other=@with
// allow: warning
// shape: loop
// gpu: synccheck=error
__global__ void rounds(float* out, const float* x, int n) {
#pragma unroll 1
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    out[i] = 2 * x[i];
    __syncthreads();  // @bug
  }
  __syncthreads();  // @with
  out[threadIdx.x] += 1;
}
void run(Tensor out, const Tensor& x) {
  rounds<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
