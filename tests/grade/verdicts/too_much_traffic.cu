// A right answer that asks for twice the sectors.
// verdict: too-much-traffic
// says: excess sectors

constexpr int kThreads = 64;

__global__ void neighbours_kernel(float* out, const float* x, int64_t n) {
  __shared__ float tile[kThreads];
  const int t = threadIdx.x;
  const int64_t i = int64_t(blockIdx.x) * kThreads + t;
  const int s = t * 2 % kThreads + t / 32;  // a warp stores every second element
  const int64_t j = i - t + s;
  tile[t] = i < n ? x[i] : 0.0f;
  __syncthreads();
  if (j < n) out[j] = tile[s] + (s > 0 ? tile[s - 1] : 0.0f);  // here
}

void neighbours(Tensor out, const Tensor& x) {
  const int64_t n = x.numel();
  if (n == 0) return;
  neighbours_kernel<<<(n + kThreads - 1) / kThreads, kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
