// calls: run(out: float32[512] = zeros)
// result: out == 1
// expect: none
// shape: order
__global__ void ones(float* out) { out[blockIdx.x * blockDim.x + threadIdx.x] = 1; }
void run(Tensor out) {
  for (int64_t first = 0; first < out.numel(); first += 256) {
    ones<<<4, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>() + first);
  }
}
