// Lane 0 sums weights that the other lanes of its warp have just stored, with no __syncwarp between.
// calls: run(out: float32[4] = nan, x: float32[128] = random)
// expect: kind=race severity=warning line=@bug other=@with
// also: uninitialized
// shape: simple
// from: kernels.md 15 no. 12 (sglang 11183)
// gpu: racecheck=warning
__global__ void gate(float* out, const float* x) {
  __shared__ float weights[128];
  const int lane = threadIdx.x % 32;
  weights[threadIdx.x] = x[threadIdx.x];  // @with
  if (lane == 0) {
    float sum = 0;
    for (int k = 0; k < 32; ++k) {
      sum += weights[threadIdx.x + k];  // @bug
    }
    out[threadIdx.x / 32] = sum;
  }
}
void run(Tensor out, const Tensor& x) {
  gate<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
