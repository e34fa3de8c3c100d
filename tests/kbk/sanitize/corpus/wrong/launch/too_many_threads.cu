// A block has at most 1,024 threads.
// calls: run(out: float32[1025] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: simple
// gpu: memcheck=error
__global__ void ones(float* out) { out[threadIdx.x] = 1; }
void run(Tensor out) {
  ones<<<1, 1025, 0, current_stream()>>>(out.mutable_data_ptr<float>());  // @bug
}
