// A grid-stride loop whose stride comes out as zero: 16 / 32 threads.
// calls: run(out: int32[64] = zeros, stride = 0)
// expect: kind=hang severity=error line=@bug
// shape: loop
// gpu: skip: endless
__global__ void count(int* out, int n, int stride) {
  for (int i = threadIdx.x; i < n; i += stride) {  // @bug
    atomicAdd(&out[i], 1);  // @bug
  }  // @bug
}
void run(Tensor out, int64_t stride) {
  count<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), out.numel(), stride);
}
