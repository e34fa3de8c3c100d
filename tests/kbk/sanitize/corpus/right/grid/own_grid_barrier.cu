// calls: run(out: int32[4] = zeros, row: int32[4] = zeros, arrived: int32[1] = zeros)
// result: out == torch.tensor([3, 2, 1, 0], device=out.device)
// expect: none
// shape: template
template <int Blocks>
__device__ void wait_for_all(int* arrived) {
  __threadfence();
  atomicAdd(arrived, 1);
  while (atomicAdd(arrived, 0) < Blocks) {
  }
  __threadfence();
}
__global__ void meet(int* out, int* row, int* arrived) {
  row[blockIdx.x] = blockIdx.x;
  wait_for_all<4>(arrived);
  out[blockIdx.x] = row[3 - blockIdx.x];
}
void run(Tensor out, Tensor row, Tensor arrived) {
  meet<<<4, 1, 0, current_stream()>>>(out.mutable_data_ptr<int>(), row.mutable_data_ptr<int>(), arrived.mutable_data_ptr<int>());
}
