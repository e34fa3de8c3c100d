// The block doubles until it is too large.
// calls: run(out: float32[2048] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: loop
// gpu: memcheck=error
__global__ void add_one(float* out) { out[threadIdx.x] += 1; }
void run(Tensor out) {
  for (int threads = 256; threads <= 2048; threads *= 2) {
    add_one<<<1, threads, 0, current_stream()>>>(out.mutable_data_ptr<float>());  // @bug
  }
}
