// calls: run(out: float32[19, 21] = nan, a: float32[19, 37] = random, b: float32[37, 21] = random)
// result: close(out, a @ b)
// expect: none
// shape: loop
constexpr int kTile = 8;
__global__ void matmul(float* out, const float* a, const float* b, int m, int n, int k) {
  __shared__ float as[kTile][kTile], bs[kTile][kTile];
  const int r = blockIdx.y * kTile + threadIdx.y, c = blockIdx.x * kTile + threadIdx.x;
  float sum = 0;
  for (int first = 0; first < k; first += kTile) {
    const int ac = first + threadIdx.x, br = first + threadIdx.y;
    as[threadIdx.y][threadIdx.x] = r < m && ac < k ? a[r * k + ac] : 0;
    bs[threadIdx.y][threadIdx.x] = br < k && c < n ? b[br * n + c] : 0;
    __syncthreads();
    for (int i = 0; i < kTile; ++i) sum += as[threadIdx.y][i] * bs[i][threadIdx.x];
    __syncthreads();
  }
  if (r < m && c < n) out[r * n + c] = sum;
}
void run(Tensor out, const Tensor& a, const Tensor& b) {
  const int m = a.size(0), n = b.size(1), k = a.size(1);
  matmul<<<dim3((n + 7) / 8, (m + 7) / 8), dim3(kTile, kTile), 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), a.const_data_ptr<float>(), b.const_data_ptr<float>(), m, n, k);
}
