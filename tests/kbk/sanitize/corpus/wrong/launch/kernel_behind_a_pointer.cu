// 32 x 32 x 2 threads: each side is allowed, their product is not.
// calls: run(out: float32[2048] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: pointer
// gpu: memcheck=error
__global__ void ones(float* out) { out[(threadIdx.z * 32 + threadIdx.y) * 32 + threadIdx.x] = 1; }
void run(Tensor out) {
  void (*kernel)(float*) = ones;
  kernel<<<1, dim3(32, 32, 2), 0, current_stream()>>>(out.mutable_data_ptr<float>());  // @bug
}
