// The second side of a grid is at most 65,535.
// calls: run(out: float32[4] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: simple
// gpu: memcheck=error
__global__ void ones(float* out) {
  if (blockIdx.y < 4) out[blockIdx.y] = 1;
}
void run(Tensor out) {
  ones<<<dim3(1, 65536), 1, 0, current_stream()>>>(out.mutable_data_ptr<float>());  // @bug
}
