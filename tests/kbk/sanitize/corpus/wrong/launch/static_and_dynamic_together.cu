// 40 KB of static and 16 KB of dynamic shared memory: each would do, both are too much.
// calls: run(out: float32[32] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: function
// gpu: memcheck=error
__global__ void both(float* out) {
  __shared__ float fixed[10240];
  extern __shared__ float more[];
  const int i = threadIdx.x;
  fixed[10 * i] = i;
  more[i] = i;
  __syncthreads();
  out[i] = fixed[10 * (31 - i)] + more[31 - i];
}
static void launch(float* out) {
  both<<<1, 32, 16 << 10, current_stream()>>>(out);  // @bug
}
void run(Tensor out) { launch(out.mutable_data_ptr<float>()); }
