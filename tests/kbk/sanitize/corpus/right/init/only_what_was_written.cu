// Half of the scratch is written, by a permutation, and just that half is read.
// calls: run(out: int32[32] = zeros, scratch: int32[64] = empty)
// result: out == torch.arange(32, device=out.device)
// expect: none
// shape: pointer
__global__ void put(int* scratch) { scratch[(threadIdx.x * 14 + 6) % 64] = threadIdx.x; }
__global__ void get(int* out, const int* scratch) { out[threadIdx.x] = scratch[(threadIdx.x * 14 + 6) % 64]; }
void run(Tensor out, Tensor scratch) {
  put<<<1, 32, 0, current_stream()>>>(scratch.mutable_data_ptr<int>());
  get<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), scratch.const_data_ptr<int>());
}
