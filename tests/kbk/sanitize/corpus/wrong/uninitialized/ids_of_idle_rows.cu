// Rows whose scores are all negative store no id; the next kernel reads every row's id.
// calls: run(out: int32[8] = zeros, ids: int32[8] = empty, scores: float32[8] = values(1, 2, -1, 3, 4, 1, 2, 3))
// expect: kind=uninitialized severity=error line=@bug var=ids index=[2]
// shape: order
// from: kernels.md 15 no. 13 (sglang 15306)
// gpu: initcheck=error
__global__ void choose(int* ids, const float* scores) {
  const int row = threadIdx.x;
  if (scores[row] > 0) ids[row] = row;
}
__global__ void use(int* out, const int* ids) {
  const int row = threadIdx.x;
  out[row] = 2 * ids[row];  // @bug
}
void run(Tensor out, Tensor ids, const Tensor& scores) {
  choose<<<1, 8, 0, current_stream()>>>(ids.mutable_data_ptr<int>(), scores.const_data_ptr<float>());
  use<<<1, 8, 0, current_stream()>>>(out.mutable_data_ptr<int>(), ids.const_data_ptr<int>());
}
