// tile.sync() orders memory for the tile's threads.
// calls: run(out: int32[64] = zeros, x: int32[64] = random)
// result: out.view(4, 16) == x.view(4, 16).flip(1)
// expect: none
// shape: function
#include <cooperative_groups.h>
__device__ int exchange(int* tile, int v, int rank) {
  const auto group = cooperative_groups::tiled_partition<16>(cooperative_groups::this_thread_block());
  tile[rank] = v;
  group.sync();
  const int other = tile[15 - rank];
  group.sync();
  return other;
}
__global__ void reverse(int* out, const int* x) {
  __shared__ int tiles[4][16];
  const int i = threadIdx.x;
  int v = x[i];
  for (int k = 0; k < 3; ++k) v = exchange(tiles[i / 16], v, i % 16);
  out[i] = v;
}
void run(Tensor out, const Tensor& x) { reverse<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>()); }
