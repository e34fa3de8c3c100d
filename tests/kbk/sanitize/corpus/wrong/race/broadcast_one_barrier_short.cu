// The next value is stored while others still read this one.
// calls: run(out: float32[96] = nan, x: float32[3] = random)
// expect: kind=race severity=error line=@bug other=@with var=value
// shape: loop
// from: https://github.com/NVIDIA/Fuser/issues/678
// gpu: racecheck=error
__global__ void broadcast(float* out, const float* x) {
  __shared__ float value;
  float sum = 0;
  for (int k = 0; k < 3; ++k) {
    if (int(threadIdx.x) == 40 * k) value = x[k];  // @bug
    __syncthreads();
    sum += value;  // @with
  }
  out[threadIdx.x] = sum;
}
void run(Tensor out, const Tensor& x) {
  broadcast<<<1, 96, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
