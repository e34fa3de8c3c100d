// Vectors of 16 bytes, wherever x begins.
// verdict: misaligned
// says: misaligned

constexpr int kThreads = 64;

__global__ void neighbours_kernel(float* out, const float* x, int64_t n) {
  __shared__ float tile[kThreads];
  const int t = threadIdx.x;
  const int64_t i = int64_t(blockIdx.x) * kThreads + t;
  if (i < n && t % 4 == 0 && i + 3 < n) {
    const float4 four = *reinterpret_cast<const float4*>(x + i);  // here
    tile[t] = four.x, tile[t + 1] = four.y, tile[t + 2] = four.z, tile[t + 3] = four.w;
  } else if (t % 4 == 0) {
    for (int k = 0; k < 4; ++k) tile[t + k] = i + k < n ? x[i + k] : 0.0f;
  }
  __syncthreads();
  if (i < n) out[i] = tile[t] + (t > 0 ? tile[t - 1] : 0.0f);
}

void neighbours(Tensor out, const Tensor& x) {
  const int64_t n = x.numel();
  if (n == 0) return;
  neighbours_kernel<<<(n + kThreads - 1) / kThreads, kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
