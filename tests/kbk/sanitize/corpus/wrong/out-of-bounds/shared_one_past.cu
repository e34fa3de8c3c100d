// Thread 63 stores its right neighbour's halo at tile[64]; the array has 64 elements.
// calls: run(out: float32[64] = nan, x: float32[65] = random)
// expect: kind=out-of-bounds severity=error line=@bug var=tile thread=[63,0,0] index=[64]
// shape: simple
// gpu: memcheck=any racecheck=any initcheck=any
__global__ void differences(float* out, const float* x) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  tile[i] = x[i];
  __syncthreads();
  if (i == 63) tile[i + 1] = x[i + 1];  // @bug
  __syncthreads();
  out[i] = tile[i];
}
void run(Tensor out, const Tensor& x) {
  differences<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
