// The second step reads 32 partial sums; a block of three warps has stored three.
// calls: run(out: float32[1] = nan, x: float32[96] = random)
// expect: kind=uninitialized severity=error line=@bug var=partial
// shape: template
// gpu: initcheck=any
template <typename T, int MaxWarps>
__global__ void block_sum(T* out, const T* x) {
  __shared__ T partial[MaxWarps];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  T v = x[threadIdx.x];
  for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(0xffffffffu, v, d);
  if (lane == 0) partial[warp] = v;
  __syncthreads();
  if (warp == 0) {
    T w = partial[lane];  // @bug
    for (int d = 16; d > 0; d /= 2) w += __shfl_down_sync(0xffffffffu, w, d);
    if (lane == 0) out[0] = w;
  }
}
void run(Tensor out, const Tensor& x) {
  block_sum<float, 32><<<1, 96, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
