// The bytes serve as ints while slow threads still load floats from them.
// calls: run(out: float32[64] = nan, counts: int32[64] = zeros, x: float32[64] = random)
// expect: kind=race severity=error line=@bug other=@with var=scratch
// shape: pointer
// from: https://github.com/NVIDIA/cccl/pull/2699
// gpu: racecheck=error
union Scratch {
  float floats[64];
  int ints[64];
};
__global__ void reuse(float* out, int* counts, const float* x) {
  __shared__ Scratch scratch;
  const int i = threadIdx.x;
  scratch.floats[i] = x[i];
  __syncthreads();
  out[i] = scratch.floats[63 - i];  // @with
  scratch.ints[i] = i;  // @bug
  __syncthreads();
  counts[i] = scratch.ints[63 - i];
}
void run(Tensor out, Tensor counts, const Tensor& x) {
  reuse<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), counts.mutable_data_ptr<int>(), x.const_data_ptr<float>());
}
