// Halves in shared memory: each thread stores one, two warps share each word, and loads it in pairs after the barrier.
// calls: run(out: float16[128] = zeros, x: float16[128] = random)
// result: out == x * 2
// expect: none
// shape: pointer
__global__ void twice(__half2* out, const __half* x) {
  __shared__ __align__(4) __half tile[128];
  const int i = threadIdx.x;
  const int at = 2 * (i % 64) + i / 64;
  tile[at] = x[at];
  __syncthreads();
  if (i < 64) {
    const __half2 pair = reinterpret_cast<const __half2*>(tile)[i];
    out[i] = __hadd2(pair, pair);
  }
}
void run(Tensor out, const Tensor& x) {
  twice<<<1, 128, 0, current_stream()>>>(static_cast<__half2*>(out.data_ptr()), static_cast<const __half*>(x.data_ptr()));
}
