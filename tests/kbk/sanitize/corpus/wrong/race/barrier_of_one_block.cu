// __syncthreads holds one block: the next block's half of the row may not be there yet.
// calls: run(out: float32[128] = nan, x: float32[128] = random, row: float32[128] = zeros)
// expect: kind=race severity=error line=@bug other=@with var=row
// shape: order
// gpu: clean
__global__ void reverse(float* out, const float* x, float* row, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  row[i] = x[i];  // @with
  __syncthreads();
  out[i] = row[n - 1 - i];  // @bug
}
void run(Tensor out, const Tensor& x, Tensor row) {
  reverse<<<2, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(),
                                          row.mutable_data_ptr<float>(), x.numel());
}
