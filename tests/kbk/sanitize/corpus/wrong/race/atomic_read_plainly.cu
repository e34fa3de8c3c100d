// Threads add to the counter with atomics while one of them reads it plainly.
// calls: run(out: int32[1] = zeros, x: int32[128] = random)
// expect: kind=race severity=error line=@bug other=@with var=total
// shape: simple
// gpu: racecheck=clean
__global__ void count(int* out, const int* x) {
  __shared__ int total;
  if (threadIdx.x == 0) total = 0;
  __syncthreads();
  if (x[threadIdx.x] >= 0) atomicAdd(&total, 1);  // @with
  if (threadIdx.x == 64) out[0] = total;  // @bug
}
void run(Tensor out, const Tensor& x) {
  count<<<1, 128, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
