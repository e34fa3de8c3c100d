// calls: run(out: float32[3, 100] = nan, x: float32[3, 100] = random)
// result: close(out, torch.softmax(x, 1))
// expect: none
// shape: template
template <int Threads, class Op>
__device__ float block_reduce(float v, Op op, float neutral) {
  __shared__ float partial[32];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int d = 16; d > 0; d /= 2) v = op(v, __shfl_xor_sync(0xffffffffu, v, d));
  __syncthreads();
  if (lane == 0) partial[warp] = v;
  __syncthreads();
  v = lane < Threads / 32 ? partial[lane] : neutral;
  for (int d = 16; d > 0; d /= 2) v = op(v, __shfl_xor_sync(0xffffffffu, v, d));
  return v;
}
struct Max {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};
struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};
template <int Threads>
__global__ void softmax(float* out, const float* x, int n) {
  const float* row = x + blockIdx.x * n;
  float largest = -INFINITY;
  for (int i = threadIdx.x; i < n; i += Threads) largest = fmaxf(largest, row[i]);
  largest = block_reduce<Threads>(largest, Max(), -INFINITY);
  float sum = 0;
  for (int i = threadIdx.x; i < n; i += Threads) sum += expf(row[i] - largest);
  sum = block_reduce<Threads>(sum, Sum(), 0.f);
  for (int i = threadIdx.x; i < n; i += Threads) out[blockIdx.x * n + i] = expf(row[i] - largest) / sum;
}
void run(Tensor out, const Tensor& x) {
  softmax<64><<<3, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.size(1));
}
