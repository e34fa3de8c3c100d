// Atomics and plain loads of the same element by the same thread are no mix between threads.
// calls: run(counts: int32[64] = zeros, out: int32[64] = zeros)
// result: out == 3
// expect: none
// shape: loop
__global__ void count(int* counts, int* out) {
  const int i = threadIdx.x;
  for (int k = 0; k < 3; ++k) {
    atomicAdd(&counts[i], 1);
    out[i] = counts[i];
  }
}
void run(Tensor counts, Tensor out) { count<<<1, 64, 0, current_stream()>>>(counts.mutable_data_ptr<int>(), out.mutable_data_ptr<int>()); }
