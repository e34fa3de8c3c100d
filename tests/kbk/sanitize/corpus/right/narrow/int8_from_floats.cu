// calls: run(out: int8[130] = zeros, x: float32[130] = random)
// result: out == torch.round(x * 8).to(torch.int8)
// expect: none
// shape: loop
__global__ void quantise(signed char* out, const float* x, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    out[i] = static_cast<signed char>(rintf(x[i] * 8));
  }
}
void run(Tensor out, const Tensor& x) {
  quantise<<<2, 32, 0, current_stream()>>>(static_cast<signed char*>(out.data_ptr()), x.const_data_ptr<float>(), x.numel());
}
