// __syncthreads_or both waits and decides: the whole block leaves the loop together.
// calls: run(labels: int32[64] = arange)
// result: labels == 0
// expect: none
// shape: loop
__global__ void spread(int* out) {
  __shared__ int labels[64];
  const int i = threadIdx.x;
  labels[i] = out[i];
  __syncthreads();
  bool changed = true;
  while (__syncthreads_or(changed)) {
    const int left = i > 0 ? labels[i - 1] : labels[i];
    __syncthreads();
    changed = left < labels[i];
    if (changed) labels[i] = left;
    __syncthreads();
  }
  out[i] = labels[i];
}
void run(Tensor labels) { spread<<<1, 64, 0, current_stream()>>>(labels.mutable_data_ptr<int>()); }
