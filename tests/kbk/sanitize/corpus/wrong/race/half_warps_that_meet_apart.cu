// Each half of the warp waits for itself and then loads what the other half stores.
// calls: run(out: int32[32] = zeros, x: int32[32] = random)
// expect: kind=race severity=warning line=@bug other=@with var=tile
// shape: function
// gpu: racecheck=warning
__device__ void put(int* tile, int i, int v) {
  tile[i] = v;  // @with
}
__global__ void swap(int* out, const int* x) {
  __shared__ int tile[32];
  const int i = threadIdx.x;
  tile[31 - i] = 0;
  __syncthreads();
  put(tile, i, x[i]);
  if (i < 16) __syncwarp(0x0000ffffu);
  else __syncwarp(0xffff0000u);
  out[i] = tile[i ^ 16];  // @bug
}
void run(Tensor out, const Tensor& x) { swap<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>()); }
