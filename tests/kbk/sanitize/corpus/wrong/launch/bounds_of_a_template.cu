// The kernel promises at most 128 threads a block and is launched with 256.
// calls: run(out: float32[256] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: template
// gpu: memcheck=error
template <typename T, int MaxThreads>
__global__ void __launch_bounds__(MaxThreads) ones(T* out) {
  out[threadIdx.x] = 1;
}
void run(Tensor out) {
  ones<float, 128><<<1, 256, 0, current_stream()>>>(out.mutable_data_ptr<float>());  // @bug
}
