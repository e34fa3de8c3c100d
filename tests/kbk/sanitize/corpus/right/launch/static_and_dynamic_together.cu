// calls: run(out: float32[32] = zeros)
// result: out == 2 * torch.arange(31, -1, -1, device=out.device)
// expect: none
// shape: function
__global__ void both(float* out) {
  __shared__ float fixed[10240];
  extern __shared__ float more[];
  const int i = threadIdx.x;
  fixed[10 * i] = i;
  more[i] = i;
  __syncthreads();
  out[i] = fixed[10 * (31 - i)] + more[31 - i];
}
void run(Tensor out) { both<<<1, 32, 8 << 10, current_stream()>>>(out.mutable_data_ptr<float>()); }
