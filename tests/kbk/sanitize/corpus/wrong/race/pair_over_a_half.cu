// One thread stores two halves at once, another one of them.
// calls: run(out: float16[64] = zeros, x: float16[64] = random)
// expect: kind=race severity=error line=@bug other=@with var=tile
// shape: pointer
// gpu: racecheck=error
__global__ void overlap(__half* out, const __half* x) {
  __shared__ __align__(4) __half tile[64];
  const int i = threadIdx.x;
  if (i < 32) {
    const __half2 pair = __halves2half2(x[2 * i], x[2 * i + 1]);
    reinterpret_cast<__half2*>(tile)[i] = pair;  // @with
  } else if (i < 64) {
    tile[2 * (i - 32) + 1] = __float2half(200.f);  // @bug
  }
  __syncthreads();
  if (i < 64) out[i] = tile[i];
}
void run(Tensor out, const Tensor& x) {
  overlap<<<1, 96, 0, current_stream()>>>(static_cast<__half*>(out.data_ptr()), static_cast<const __half*>(x.data_ptr()));
}
