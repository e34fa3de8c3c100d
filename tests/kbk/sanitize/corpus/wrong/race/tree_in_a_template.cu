// A tree reduction without the barrier between its steps.
// calls: run(out: float32[1] = nan, x: float32[256] = random)
// expect: kind=race severity=error line=@bug other=@bug var=sums
// shape: template
// from: kernels.md 15 no. 32 (vllm 54111)
// gpu: racecheck=error
template <typename T, int Threads>
__global__ void reduce(T* out, const T* x) {
  __shared__ T sums[Threads];
  const int i = threadIdx.x;
  sums[i] = x[i];
  __syncthreads();
  for (int d = Threads / 2; d >= 32; d /= 2) {
    if (i < d) sums[i] += sums[i + d];  // @bug
  }
  __syncthreads();
  if (i == 0) {
    T sum = 0;
    for (int k = 0; k < 32; ++k) sum += sums[k];
    out[0] = sum;
  }
}
void run(Tensor out, const Tensor& x) {
  reduce<float, 256><<<1, 256, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
