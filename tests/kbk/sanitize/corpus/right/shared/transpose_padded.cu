// calls: run(out: float32[64, 96] = nan, x: float32[96, 64] = random)
// result: out == x.t()
// expect: none
// shape: template
template <int Tile>
__global__ void transpose(float* out, const float* x, int rows, int columns) {
  __shared__ float tile[Tile][Tile + 1];
  const int c = blockIdx.x * Tile + threadIdx.x;
  const int r = blockIdx.y * Tile + threadIdx.y;
  for (int k = 0; k < Tile; k += blockDim.y) {
    if (r + k < rows && c < columns) tile[threadIdx.y + k][threadIdx.x] = x[(r + k) * columns + c];
  }
  __syncthreads();
  const int oc = blockIdx.y * Tile + threadIdx.x;
  const int orow = blockIdx.x * Tile + threadIdx.y;
  for (int k = 0; k < Tile; k += blockDim.y) {
    if (oc < rows && orow + k < columns) out[(orow + k) * rows + oc] = tile[threadIdx.x][threadIdx.y + k];
  }
}
void run(Tensor out, const Tensor& x) {
  transpose<32><<<dim3(2, 3), dim3(32, 8), 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.size(0), x.size(1));
}
