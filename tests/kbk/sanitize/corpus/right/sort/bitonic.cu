// calls: run(x: int32[128] = random)
// result: x == before.x.sort().values
// expect: none
// shape: loop
__global__ void sort(int* x) {
  __shared__ int s[128];
  const int i = threadIdx.x;
  s[i] = x[i];
  __syncthreads();
  for (int size = 2; size <= 128; size *= 2) {
    for (int d = size / 2; d > 0; d /= 2) {
      const int j = i ^ d;
      if (j > i) {
        const bool up = (i & size) == 0;
        const int a = s[i], b = s[j];
        if ((a > b) == up) s[i] = b, s[j] = a;
      }
      __syncthreads();
    }
  }
  x[i] = s[i];
}
void run(Tensor x) { sort<<<1, 128, 0, current_stream()>>>(x.mutable_data_ptr<int>()); }
