// Thread 0 waits for a flag that no thread sets.
// calls: run(out: int32[1] = zeros, flag: int32[1] = zeros)
// expect: kind=hang severity=error line=@bug
// shape: simple
// gpu: skip: endless
__global__ void wait(int* out, int* flag) {
  if (threadIdx.x == 0) {
    while (atomicAdd(flag, 0) == 0) {  // @bug
    }  // @bug
    out[0] = 1;
  }
}
void run(Tensor out, Tensor flag) {
  wait<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), flag.mutable_data_ptr<int>());
}
