// __match_any_sync: the lanes with the same key add up once.
// calls: run(counts: int32[4] = zeros, ids: int32[64] = values(1, 0, 3, 3, 2, 1, 3))
// result: counts == torch.bincount(ids.long(), minlength=4)
// expect: none
// shape: pointer
__global__ void histogram(int* counts, const int* ids) {
  const int id = ids[threadIdx.x];
  const unsigned same = __match_any_sync(0xffffffffu, id);
  if (int(threadIdx.x % 32) == __ffs(same) - 1) atomicAdd(counts + id, __popc(same));
}
void run(Tensor counts, const Tensor& ids) { histogram<<<1, 64, 0, current_stream()>>>(counts.mutable_data_ptr<int>(), ids.const_data_ptr<int>()); }
