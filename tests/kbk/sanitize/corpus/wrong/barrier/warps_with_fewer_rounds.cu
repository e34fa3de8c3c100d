// Warp w goes through the barrier w + 1 times and leaves.
// calls: run(out: int32[96] = zeros)
// expect: kind=barrier severity=warning line=@bug
// allow: warning
// shape: loop
// gpu: synccheck=any
__global__ void rounds(int* out) {
  const int warp = threadIdx.x / 32;
  int sum = 0;
#pragma unroll 1
  for (int k = 0; k <= warp; ++k) {
    sum += k;
    __syncthreads();  // @bug
  }
  out[threadIdx.x] = sum;
}
void run(Tensor out) { rounds<<<1, 96, 0, current_stream()>>>(out.mutable_data_ptr<int>()); }
