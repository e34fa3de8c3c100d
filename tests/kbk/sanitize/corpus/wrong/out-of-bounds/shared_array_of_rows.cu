// Eight warps share a table of seven rows: the last warp's row is the next array.
// calls: run(out: float32[8] = nan, x: float32[256] = random)
// expect: kind=out-of-bounds severity=error line=@bug var=sums
// shape: pointer
// gpu: memcheck=any racecheck=any initcheck=any synccheck=any
struct Rows {
  float* first;
  int stride;
};
__global__ void keep_first_lane(float* out, const float* x) {
  __shared__ float sums[7][4];
  __shared__ float after[64];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x < 64) after[threadIdx.x] = 0;
  const Rows rows{&sums[0][0], 4};
  __syncthreads();
  if (lane == 0) {
    float* mine = rows.first + warp * rows.stride;
    mine[0] = x[threadIdx.x];  // @bug
  }
  __syncthreads();
  if (lane == 0 && warp < 7) out[warp] = sums[warp][0] + after[warp + 8];
  if (lane == 0 && warp == 7) out[warp] = after[63];
}
void run(Tensor out, const Tensor& x) {
  keep_first_lane<<<1, 256, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
