// Each thread reads what another stored, and no barrier stands between. Zeros are in the tile before, so the read finds a number.
// calls: run(out: float32[64] = nan, x: float32[64] = random)
// expect: kind=race severity=error line=@bug other=@with var=tile
// shape: simple
// gpu: racecheck=error
__global__ void reverse(float* out, const float* x) {
  __shared__ float tile[64];
  const int i = threadIdx.x;
  tile[63 - i] = 0;
  __syncthreads();
  tile[i] = x[i];  // @with
  out[i] = tile[(i + 32) % 64];  // @bug
}
void run(Tensor out, const Tensor& x) {
  reverse<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
