// The third side of a block is at most 64.
// calls: run(out: float32[65] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: simple
// gpu: memcheck=error
__global__ void ones(float* out) { out[threadIdx.z] = 1; }
void run(Tensor out) {
  ones<<<1, dim3(1, 1, 65), 0, current_stream()>>>(out.mutable_data_ptr<float>());  // @bug
}
