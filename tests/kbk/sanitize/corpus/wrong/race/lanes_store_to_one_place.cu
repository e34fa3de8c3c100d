// All lanes of a warp store their own number at the same place: which one stays, nobody knows.
// calls: run(out: int32[1] = zeros)
// expect: kind=race severity=warning line=@bug other=@bug var=last
// shape: simple
// gpu: racecheck=any
__global__ void last_lane(int* out) {
  __shared__ int last;
  last = threadIdx.x;  // @bug
  __syncthreads();
  if (threadIdx.x == 0) out[0] = last;
}
void run(Tensor out) { last_lane<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>()); }
