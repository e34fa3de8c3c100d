// 512 elements in chunks of 256: the loop runs once more, for a chunk of no elements and a grid of no blocks.
// calls: run(out: float32[512] = zeros)
// expect: kind=launch severity=error line=@bug
// shape: order
// gpu: memcheck=error
__global__ void ones(float* out) { out[blockIdx.x * blockDim.x + threadIdx.x] = 1; }
void run(Tensor out) {
  for (int64_t first = 0; first <= out.numel(); first += 256) {
    const int blocks = int((out.numel() - first < 256 ? out.numel() - first : 256) / 64);
    ones<<<blocks, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>() + first);  // @bug
  }
}
