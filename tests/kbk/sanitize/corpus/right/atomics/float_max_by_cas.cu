// The first look at the number is an atomic too.
// calls: run(largest: float32[1] = values(-1000), x: float32[256] = random)
// result: largest == x.max()
// expect: none
// shape: loop
__device__ void atomic_max(float* at, float v) {
  int* bits = reinterpret_cast<int*>(at);
  int seen = atomicAdd(bits, 0);
  while (__int_as_float(seen) < v) {
    const int before = atomicCAS(bits, seen, __float_as_int(v));
    if (before == seen) break;
    seen = before;
  }
}
__global__ void maximum(float* largest, const float* x) { atomic_max(largest, x[blockIdx.x * blockDim.x + threadIdx.x]); }
void run(Tensor largest, const Tensor& x) {
  maximum<<<4, 64, 0, current_stream()>>>(largest.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
