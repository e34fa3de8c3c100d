// An element of the output that nobody writes.
// verdict: uninitialized
// says: out[5] was never written

constexpr int kThreads = 64;

__global__ void neighbours_kernel(float* out, const float* x, int64_t n) {
  __shared__ float tile[kThreads];
  const int t = threadIdx.x;
  const int64_t i = int64_t(blockIdx.x) * kThreads + t;
  tile[t] = i < n ? x[i] : 0.0f;
  __syncthreads();
  if (i < n && i != 5) out[i] = tile[t] + (t > 0 ? tile[t - 1] : 0.0f);
}

void neighbours(Tensor out, const Tensor& x) {
  const int64_t n = x.numel();
  if (n == 0) return;
  neighbours_kernel<<<(n + kThreads - 1) / kThreads, kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
