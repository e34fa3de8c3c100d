// Lanes 0 to 15 wait for the whole warp; the others meet among themselves and go on to the block's barrier.
// calls: run(out: int32[32] = zeros)
// expect: kind=barrier severity=error line=@bug
// also: hang
// shape: simple
// gpu: skip: the lanes may wait for ever
__global__ void meet(int* out) {
  const int i = threadIdx.x;
  if (i < 16) {
    __syncwarp(0xffffffffu);  // @bug
  } else {
    __syncwarp(0xffff0000u);
  }
  __syncthreads();
  out[i] = i;
}
void run(Tensor out) { meet<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>()); }
