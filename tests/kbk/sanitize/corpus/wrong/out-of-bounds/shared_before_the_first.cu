// A scan reads the neighbour at distance 32, also where there is none: the first lanes read before the array.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// expect: kind=out-of-bounds severity=error line=@bug var=tile
// shape: order
// gpu: memcheck=any racecheck=any initcheck=any synccheck=any
__global__ void shift(float* out, const float* x, int distance) {
  __shared__ float guard[8];
  __shared__ float tile[64];
  const int i = threadIdx.x;
  if (i < 8) guard[i] = 0;
  tile[i] = x[i];
  __syncthreads();
  const int from = i >= distance - 1 ? i - distance : i;
  out[i] = tile[from] + guard[0];  // @bug
}
void run(Tensor out, const Tensor& x) {
  shift<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), 2);
}
