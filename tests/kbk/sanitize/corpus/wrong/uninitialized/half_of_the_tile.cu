// Half of the threads store, all of them load.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// expect: kind=uninitialized severity=error line=@bug var=tile
// shape: simple
// gpu: initcheck=any
__global__ void copy(float* out, const float* x) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  if (i < 32) tile[i] = x[i];
  __syncthreads();
  out[i] = tile[i];  // @bug
}
void run(Tensor out, const Tensor& x) {
  copy<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
