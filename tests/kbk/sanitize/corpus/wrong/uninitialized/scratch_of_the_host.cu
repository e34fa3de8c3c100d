// The host function's scratch has a row more than the first kernel fills; the second one adds up all rows.
// calls: run(out: float32[32] = nan, x: float32[3, 32] = random)
// expect: kind=uninitialized severity=error line=@bug
// shape: pointer
// gpu: initcheck=error
struct Rows {
  float* first;
  int count;
};
__global__ void fill(Rows rows, const float* x) {
  if (int(blockIdx.x) < rows.count - 1) rows.first[blockIdx.x * 32 + threadIdx.x] = 2 * x[blockIdx.x * 32 + threadIdx.x];
}
__global__ void add(float* out, Rows rows) {
  float sum = 0;
  for (int r = 0; r < rows.count; ++r) {
    sum += rows.first[r * 32 + threadIdx.x];  // @bug
  }
  out[threadIdx.x] = sum;
}
void run(Tensor out, const Tensor& x) {
  Tensor scratch = torch::stable::new_empty(x, {4, 32});
  const Rows rows{scratch.mutable_data_ptr<float>(), 4};
  fill<<<4, 32, 0, current_stream()>>>(rows, x.const_data_ptr<float>());
  add<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), rows);
}
